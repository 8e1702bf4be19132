import type { Authority } from './certificates.ts';
import type { RoleFiles } from './control-plane.ts';
import { imagesUnit } from './images-unit.ts';
import { kubeletFlags, nodeFiles, withoutCloud } from './node.ts';
import type { Service } from './units.ts';

/**
 * Docker and a kubelet that drives it through dockershim, as such nodes were before they had a pod network: no network
 * flags, so the Node is Ready and its pods are on docker0; the kubelet logs to files, its standard error goes nowhere.
 */
export async function dockershimNode(authority: Authority, server: string, name: string): Promise<RoleFiles> {
  const node = await nodeFiles(authority, server, name, kubeletService(name));
  const images = imagesUnit('docker', 'docker load -i');
  return {
    files: [
      ...node.files,
      { path: 'opt/k8s/cni/.keep', content: '' },
      { path: 'etc/docker/daemon.json', content: dockerConfiguration },
      ...images.files,
    ],
    units: new Map([...node.units, ...images.units]),
  };
}

const kubeletService = (name: string): Service => ({
  program: 'kubelet',
  description: 'Kubernetes Kubelet',
  after: ['docker.service', 'lab-images.service'],
  environment: [withoutCloud],
  flags: [...kubeletFlags(name), '--logtostderr=false', '--log-dir=/opt/k8s/logs'],
  settings: ['StandardOutput=null', 'StandardError=null'],
});

/** The runtime named here asks only for what a host without CAP_SYS_RESOURCE can give. */
const dockerConfiguration = `{
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  "runtimes": { "lab": { "path": "/usr/local/lib/lab/runc-clamp" } },
  "default-runtime": "lab"
}
`;
