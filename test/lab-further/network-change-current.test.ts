import { currentKubernetes } from '../../src/lab/kubernetes-version.ts';
import {
  cutOff,
  type NetworkStep,
  prepareChanges,
  testChanges,
  testUndo,
  undisturbed,
} from '../lab/network-change-ground.ts';
import type { Network } from '../lab/network-changes.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import type { Run } from '../lab/run-up.ts';

const scriptHostGw: Network = { agent: 'static-routes', backend: 'host-gw' };
const scriptVxlan: Network = { agent: 'static-routes', backend: 'vxlan' };
const podsVxlan: Network = { agent: 'flannel-daemonset', backend: 'vxlan', delivery: 'init-container' };
const podsHostGw: Network = { agent: 'flannel-daemonset', backend: 'host-gw', delivery: 'init-container' };

const steps: readonly NetworkStep[] = [
  { to: scriptVxlan, ...cutOff },
  { to: podsVxlan, ...undisturbed },
  { to: podsHostGw, ...undisturbed },
  { to: scriptHostGw, ...undisturbed },
];

describeOwnLab(
  "another agent, backend and delivery of plugins, today's Kubernetes",
  2,
  (lab) => {
    let last: Run;
    const ground = prepareChanges(lab, scriptHostGw);
    testChanges(ground, scriptHostGw, steps, (run) => {
      last = run;
    });
    testUndo(ground, () => last, podsHostGw);
  },
  { agent: 'flannel-daemonset', backend: 'vxlan', controlPlanes: 1, kubernetes: currentKubernetes },
);
