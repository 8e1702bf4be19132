import { currentKubernetes } from '../../src/lab/kubernetes-version.ts';
import { describeRebuilds } from '../lab/rebuild-ground.ts';
import { testNewNode, testNodeGone, testOtherAddress, testRefusals, testSameAddress } from '../lab/rebuilds.ts';

describeRebuilds("rebuilds, today's Kubernetes", currentKubernetes, (rebuildTest) => {
  testRefusals(rebuildTest);
  testSameAddress(rebuildTest);
  testOtherAddress(rebuildTest);
  testNewNode(rebuildTest);
  testNodeGone(rebuildTest);
});
