import { currentKubernetes } from '../../src/lab/kubernetes-version.ts';
import { describeRebuilds } from '../lab/rebuild-ground.ts';
import { testOtherAddress, testRefusals, testSameAddress } from '../lab/rebuilds.ts';
import { testNewNode, testNodeGone } from '../lab/rebuilds-of-nodes.ts';

describeRebuilds("rebuilds, today's Kubernetes", currentKubernetes, (rebuildTest) => {
  testRefusals(rebuildTest);
  testSameAddress(rebuildTest);
  testOtherAddress(rebuildTest);
  testNewNode(rebuildTest);
  testNodeGone(rebuildTest);
});
