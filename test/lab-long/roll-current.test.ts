import { currentKubernetes } from '../../src/lab/kubernetes-version.ts';
import { describeRolls } from '../lab/roll-ground.ts';
import { testKilledRolls, testRollsCutOff } from '../lab/rolls-cut-off.ts';
import { testRollsThatFail } from '../lab/rolls-that-fail.ts';
import { testRollsThatWork, testStoppedRoll } from '../lab/rolls-that-work.ts';

describeRolls("rolls, today's Kubernetes", currentKubernetes, (rollTest) => {
  testRollsThatWork(rollTest);
  testStoppedRoll(rollTest);
  rollTest('a node that somebody else cordons stays so from here on', ({ cordonByHand }) => cordonByHand('node4'));
  testRollsThatFail(rollTest);
  testRollsCutOff(rollTest);
  testKilledRolls(rollTest);
});
