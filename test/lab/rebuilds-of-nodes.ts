import { expect } from 'vitest';
import { eagerRequest, expectApprovedByRun, expectNoToken, hasToken } from './bootstrap-requests.ts';
import { withIdentity } from './identities.ts';
import { allReady, kubectl, nodeObjects, podCidrs, routesOf } from './read-hosts.ts';
import {
  expectBack,
  fifth,
  lost,
  nodeIdentity,
  others,
  type RebuildTest,
  runRebuild,
  timeToReady,
  watchRebuild,
} from './rebuild-ground.ts';
import { watchRun } from './run-roll.ts';
import { told } from './settle.ts';

/** The Node object went with the machine; and then its range was given to another Node. */
export function testNodeGone(rebuildTest: RebuildTest): void {
  rebuildTest('its Node object deleted: it is made anew as it was', async ({ lab }) => {
    const before = await nodeIdentity(lab);
    await lab.wipe(lost);
    await kubectl(lab, 'delete', 'node', lost);
    await timeToReady('rebuild with its Node object deleted', (onEvent) =>
      watchRebuild(lab, lab.inventoryPath, ['--accept-new-host-key'], onEvent),
    );
    await expectBack(lab, before);
  });

  rebuildTest("its range is another Node's by now: refused", async ({ lab }) => {
    const { podCidr } = await nodeIdentity(lab);
    await lab.wipe(lost);
    await kubectl(lab, 'delete', 'node', lost);
    const thief = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'thief' }, spec: { podCIDR: podCidr } };
    const { code, stderr } = await lab.kubectl(['create', '-f', '-'], JSON.stringify(thief));
    expect(code, stderr).toBe(0);
    const run = await runRebuild(lab, lab.inventoryPath, '--accept-new-host-key');
    expect([run.code, run.codes], told(run)).toEqual([5, ['NODE_RANGE_TAKEN']]);
    expect(run.changed).toEqual([]);
    await kubectl(lab, 'delete', 'node', 'thief');
  });
}

/** A blank host; somebody who has got hold of the token asks for the certificate of another Node. */
export function testNewNode(rebuildTest: RebuildTest): void {
  rebuildTest('a further node, set up by up: a request for another name is not approved', async ({ lab }) => {
    const args = ['up', withIdentity(lab, 'bootstrap'), '--limit', fifth];
    let asked: Promise<string> | undefined;
    const stopped = await watchRun(args, { folder: lab.folder }, (event) => {
      if (hasToken(event)) asked ??= eagerRequest(lab, 'node1');
    });
    expect(stopped.codes, told(stopped)).toEqual(['REQUEST_UNEXPECTED']);
    const request = (await asked) ?? '';
    expect(await kubectl(lab, 'get', 'csr', request, '-o', 'jsonpath={.status.conditions}')).toBe('');
    await expectNoToken(lab);
    await kubectl(lab, 'delete', 'csr', request);

    const run = await timeToReady('a further node, with TLS bootstrap', (onEvent) =>
      watchRun(args, { folder: lab.folder }, onEvent),
    );
    expect(told(run)).not.toContain('REQUEST_UNEXPECTED');
    await expectApprovedByRun(lab, fifth);
    await expectNoToken(lab);
    await allReady(lab, [...others, fifth]);
    expect((await nodeObjects(lab)).map(({ metadata }) => metadata.name)).toContain(fifth);
    const range = (await podCidrs(lab))[fifth];
    for (const host of ['cp1', ...others])
      expect(await routesOf(lab, host)).toContain(`${range} via ${lab.host(fifth).address}`);
    const again = await watchRun(args, { folder: lab.folder }, () => {});
    expect(again.code, told(again)).toBe(0);
    expect(again.changed).toEqual([]);
  });
}
