import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { ipv4Network } from '../fields.ts';
import { publicFile, putFile } from '../files/managed-file.ts';
import { dropStale, putBackStale, staleChanges, staleIn } from '../network/stale-rules.ts';
import { defineOperation } from '../operation.ts';
import {
  barPath,
  barText,
  type EtcdFlannelState,
  type EtcdFlannelUnit,
  oldRoutes,
  parseEtcdFlannel,
  seeEtcdFlannel,
} from './etcd-flannel-state.ts';

const schema = z.strictObject({
  cluster_cidr: ipv4Network.describe('the range of all pods, which it does not go by'),
});

type Desired = z.output<typeof schema>;

const isEnabled = ({ enabled }: EtcdFlannelUnit): boolean => enabled.startsWith('enabled');
const isDue = (one: EtcdFlannelUnit): boolean => one.isActive || isEnabled(one) || !one.isBarred;

const stale = (actual: EtcdFlannelState, { cluster_cidr }: Desired) =>
  staleIn(actual.backEnds, { cluster_cidr, agent: 'static-routes' });

/** A command that fails because what it removes has gone by itself is no failure. */
const removeRoute = (route: string): ShellScript => {
  const words = route.split(' ');
  return sh`ip -4 route del ${words} 2>/dev/null || [ -z "$(ip -4 route show ${words[0] ?? ''} | grep -F ${words.slice(1, 3).join(' ')})" ]`;
};

/** A flannel that keeps its ranges in etcd is gone from the host: its unit, its device, and its rules and routes, each by its very text. */
export const etcdFlannel = defineOperation({
  name: 'etcd_flannel',
  summary: 'no flannel with etcd: its unit, device, rules and routes',
  schema,
  timeoutSeconds: 180,
  probe: () => seeEtcdFlannel,
  parse: parseEtcdFlannel,
  diff(actual, desired): readonly Change[] {
    if (actual.runsElsewhere) throw noUnit();
    for (const one of actual.units.filter(isDue)) refuseBound(one);
    return [
      ...actual.units.filter(isDue).map(({ unit }) => ({
        subject: unit,
        action: `stop it, and keep it from being started by ${barPath(unit)}`,
      })),
      ...staleChanges(stale(actual, desired)),
      ...actual.links.map((link) => ({ subject: link, action: 'remove, with the routes over it' })),
      ...oldRoutes(actual, desired.cluster_cidr).map((route) => ({ subject: `route ${route}`, action: 'remove' })),
    ];
  },
  apply: (desired, actual) =>
    joinScripts([
      ...actual.units.filter(isDue).flatMap((one) => [
        putFile(publicFile(barPath(one.unit), barText)),
        sh`systemctl daemon-reload`,
        ...(isEnabled(one) ? [sh`systemctl --quiet disable ${one.unit}`] : []),
        // in etcd mode some of them end with an error when they are stopped
        sh`systemctl stop ${one.unit} || ! systemctl is-active --quiet ${one.unit}
systemctl reset-failed ${one.unit} 2>/dev/null || :`,
      ]),
      ...actual.links.map((link) => sh`[ ! -e ${`/sys/class/net/${link}`} ] || ip link del dev ${link}`),
      // before the rules, which tell of what range they are
      ...oldRoutes(actual, desired.cluster_cidr).map(removeRoute),
      dropStale(actual, stale(actual, desired)),
    ]),
  /** It makes its device and its routes anew. */
  undo: (actual, desired) =>
    joinScripts([
      putBackStale(actual, stale(actual, desired)),
      ...actual.units
        .filter(isDue)
        .flatMap((one) => [
          ...(one.isBarred ? [] : [sh`restore ${barPath(one.unit)}`]),
          sh`systemctl daemon-reload`,
          ...(isEnabled(one) ? [sh`systemctl --quiet enable ${one.unit} || :`] : []),
          ...(one.isActive
            ? [sh`systemctl start ${one.unit} || warn ${`${one.unit} could not be started again`}`]
            : []),
        ]),
    ]),
});

const noUnit = (): ProvisionError =>
  new ProvisionError({
    code: 'ETCD_FLANNEL_WITHOUT_UNIT',
    kind: 'operation',
    what: 'a flanneld that keeps its ranges in etcd runs here, and no systemd unit has started it',
    why: 'It would be started again by whatever did, and could not be put back',
    fix: 'Let a systemd unit start it (`pgrep -a flanneld` shows how it runs), on all hosts, then run again.',
  });

/** Throws ETCD_FLANNEL_REQUIRED: a unit that is bound to it, Docker mostly, would be stopped with all that it runs. */
function refuseBound({ unit, bound }: EtcdFlannelUnit): void {
  if (bound.length === 0) return;
  throw new ProvisionError({
    code: 'ETCD_FLANNEL_REQUIRED',
    kind: 'operation',
    what: `${bound.join(', ')} would be stopped together with ${unit}`,
    why: 'A Requires=, BindsTo= or PartOf= says so, and no drop-in can take that back',
    fix: `Write Wants=${unit} there instead (\`systemctl cat ${bound[0]}\` shows the file), then systemctl daemon-reload: nothing is restarted by that.`,
  });
}
