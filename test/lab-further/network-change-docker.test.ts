import { cutOff, type NetworkStep, prepareChanges, testChanges, undisturbed } from '../lab/network-change-ground.ts';
import type { Network } from '../lab/network-changes.ts';
import { describeOwnLab } from '../lab/own-lab.ts';

/** Plugins come out of an image first of all, so that no host was ever sent them when they are to be sent. */
const pods: Network = { agent: 'flannel-daemonset', backend: 'vxlan', delivery: 'init-container' };
const scriptHostGw: Network = { agent: 'static-routes', backend: 'host-gw' };
const flannelVxlan: Network = { agent: 'flannel', backend: 'vxlan' };
const podsSentPlugins: Network = { agent: 'flannel-daemonset', backend: 'vxlan' };

const steps: readonly NetworkStep[] = [
  { to: scriptHostGw, ...cutOff },
  { to: flannelVxlan, ...undisturbed },
  { to: podsSentPlugins, ...undisturbed },
];

describeOwnLab(
  'another agent or backend beside Docker',
  1,
  (lab) => testChanges(prepareChanges(lab, pods), pods, steps),
  { agent: 'flannel-daemonset', backend: 'vxlan', dockershimNodes: 1, controlPlanes: 1 },
);
