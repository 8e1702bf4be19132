import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labCacheFolder } from '../../src/cli/lab.ts';
import { readBase } from '../../src/kubernetes/images/base-image.ts';
import { openRegistry } from '../../src/kubernetes/images/registry.ts';
import { makeImage } from '../../src/kubernetes/images/write-image.ts';
import { type LabRegistry, startRegistry } from '../../src/lab/docker-registry.ts';
import { currentKubernetes } from '../../src/lab/kubernetes-version.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { readState } from '../../src/lab/state.ts';
import { carrierInventory, digestsIn, digestsScript, pluginDigests } from '../lab/carrier.ts';
import { flannelPods, provenOfTwo } from '../lab/daemonset-pods.ts';
import { filesScript } from '../lab/host-snapshot.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { on, onEach, podCidrs } from '../lab/read-hosts.ts';
import { runPlan } from '../lab/run-plan.ts';
import { type Run, readRun, runCommand } from '../lab/run-up.ts';
import { nodeNames, told } from '../lab/settle.ts';

/** Lets containerd of either configuration pull from the registry, as an operator does it. */
const trust = ({ address, user, password }: LabRegistry, ca: string): string => `
folder=/etc/containerd/certs.d/${address}; mkdir -p $folder
cat >$folder/ca.pem <<'END'
${ca}END
cat >$folder/hosts.toml <<END
server = "https://${address}"
[host."https://${address}"]
  capabilities = ["pull", "resolve"]
  ca = "$folder/ca.pem"
  [host."https://${address}".header]
    authorization = "Basic ${Buffer.from(`${user}:${password}`).toString('base64')}"
END
plugin='plugins."io.containerd.grpc.v1.cri".registry'
! grep -q '^version = 3' /etc/containerd/config.toml || plugin="plugins.'io.containerd.cri.v1.images'.registry"
printf '[%s]\\n  config_path = "/etc/containerd/certs.d"\\n' "$plugin" >>/etc/containerd/config.toml
systemctl restart containerd`;

/** The image of flannel at the registry: everything the DaemonSet needs is pulled from there. */
async function pushFlannel(lab: Lab, { address, user, password, ca }: LabRegistry): Promise<void> {
  const path = readState(lab.folder)?.flannelImage ?? '';
  const { layers, architecture } = await readBase({ path, bytes: readFileSync(path), where: path });
  const image = makeImage(`${address}/flannel-io/flannel:v0.28.7`, architecture, layers);
  await openRegistry({ plainHttp: false, ca: readFileSync(ca, 'utf8'), user, password }).push(image, () => {});
}

describeOwnLab(
  "CNI plugins out of a registry, today's Kubernetes",
  2,
  (lab) => {
    let registry: LabRegistry;
    let inventory = '';
    const secret = (): Record<string, string> => ({ REGISTRY_PASSWORD: registry.password });
    const up = async (file: string, environment = secret()): Promise<Run> =>
      readRun(await runCommand(['up', file, '--output', 'json'], environment));
    const inventoryOf = (name: string, images: object = {}) =>
      carrierInventory(lab(), name, (vars) => {
        vars['cni'] = { delivery: 'init-container', carrier: { push: true } };
        const { address, user, ca } = registry;
        vars['images'] = { registry: address, user, password: { env: 'REGISTRY_PASSWORD' }, ca, ...images };
        delete vars['artifacts']?.['images'];
      });
    const repository = (): string =>
      join(lab().folder, 'registry/images/docker/registry/v2/repositories/provision/cni-plugins');

    beforeAll(async () => {
      registry = await startRegistry(lab().folder, labCacheFolder(), () => {});
      await pushFlannel(lab(), registry);
      const ca = readFileSync(registry.ca, 'utf8');
      for (const node of nodeNames(lab())) await on(lab(), node, trust(registry, ca));
      inventory = await inventoryOf('pushed');
    });
    afterAll(() => registry?.stop());

    test('a wrong password and an unknown authority stop a run before it changes anything', async () => {
      const before = await onEach(lab(), nodeNames(lab()), filesScript);
      const denied = await up(inventory, { REGISTRY_PASSWORD: 'never-to-be-seen' });
      expect([denied.code, denied.codes], told(denied)).toEqual([4, ['REGISTRY_DENIED']]);
      expect(denied.stdout + denied.stderr).not.toContain('never-to-be-seen');
      const unknown = await up(await inventoryOf('unknown', { ca: undefined }));
      expect([unknown.code, unknown.codes], told(unknown)).toEqual([3, ['REGISTRY_UNREACHABLE']]);
      expect(await onEach(lab(), nodeNames(lab()), filesScript)).toEqual(before);
      expect(existsSync(repository())).toBe(false);
    });

    test('the plan says what would be pushed, and pushes nothing', async () => {
      process.env['REGISTRY_PASSWORD'] = registry.password;
      const plan = await runPlan(inventory);
      expect(plan.code, plan.stderr).toBe(2);
      const pushes = plan.all.filter(({ task }) => task === 'The registry has the image with the CNI plugins');
      expect(pushes.flatMap(({ changes }) => changes.map(({ subject }) => subject))[0]).toMatch(
        new RegExp(`^image ${registry.address}/provision/cni-plugins:[0-9a-f]{16}$`),
      );
      expect(existsSync(repository())).toBe(false);
    });

    test('nodes pull what was pushed, and have the plugins of the inventory; pods reach each other by routes', async () => {
      const run = await up(inventory);
      expect(run.code, told(run)).toBe(0);
      expect(provenOfTwo(run)).toBe(2);
      expect(run.stdout + run.stderr).not.toContain(registry.password);
      const printed = await runCommand(['image', inventory, '--output', join(lab().folder, 'pushed.tar')]);
      const [, image = ''] = /^image +(.*)$/m.exec(printed.stdout) ?? [];
      const [, manifest = ''] = /^manifest +(.*)$/m.exec(printed.stdout) ?? [];
      const cidrs = await podCidrs(lab());
      for (const node of nodeNames(lab())) {
        const listed = await on(lab(), node, 'ctr -n k8s.io images ls');
        const line = listed.split('\n').find((one) => one.startsWith(`${image} `)) ?? listed;
        expect(line).toContain(manifest);
        expect(digestsIn(await on(lab(), node, digestsScript))).toMatchObject(pluginDigests(lab(), inventory));
        const routes = await on(lab(), node, 'ip route; ip link');
        expect(routes).not.toContain('flannel.1');
        for (const [other, cidr] of Object.entries(cidrs)) if (other !== node) expect(routes).toContain(`${cidr} via `);
      }
    });

    test('a second run pushes nothing and changes nothing', async () => {
      const running = await flannelPods(lab());
      const run = await up(inventory);
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([]);
      for (const node of nodeNames(lab())) expect(run.summary(node)).toMatchObject({ commands: 2, uploads: 0 });
      expect(await flannelPods(lab())).toEqual(running);
    });
  },
  { agent: 'flannel-daemonset', backend: 'host-gw', controlPlanes: 1, kubernetes: currentKubernetes },
);
