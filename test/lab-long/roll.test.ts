import { dockershimKubernetes } from '../../src/lab/kubernetes-version.ts';
import { describeRolls } from '../lab/roll-ground.ts';
import { testKilledRolls, testRollsCutOff } from '../lab/rolls-cut-off.ts';
import { testKeptNode, testRollsThatFail } from '../lab/rolls-that-fail.ts';
import { testRollsThatWork, testUndoOfARoll } from '../lab/rolls-that-work.ts';

// Undo and a kept node with this Kubernetes alone, Ctrl-C with today's alone: no Kubernetes has a part in them.
describeRolls('rolls', dockershimKubernetes, (rollTest) => {
  testRollsThatWork(rollTest);
  testUndoOfARoll(rollTest);
  rollTest('a node that somebody else cordons stays so from here on', ({ cordonByHand }) => cordonByHand('node4'));
  testRollsThatFail(rollTest);
  testKeptNode(rollTest);
  testRollsCutOff(rollTest);
  testKilledRolls(rollTest);
});
