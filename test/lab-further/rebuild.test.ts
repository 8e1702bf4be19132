import { describeRebuilds } from '../lab/rebuild-ground.ts';
import { testNodeGone, testOtherAddress, testSameAddress } from '../lab/rebuilds.ts';

describeRebuilds('rebuilds', { hasSoftware: true }, (rebuildTest) => {
  testSameAddress(rebuildTest);
  testOtherAddress(rebuildTest);
  testNodeGone(rebuildTest);
});
