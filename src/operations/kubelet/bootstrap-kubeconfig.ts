import { z } from 'zod';
import type { Change } from '../../events.ts';
import { judgeCertificate } from '../../kubernetes/identity/judge-certificate.ts';
import { readKubeconfigUser } from '../../kubernetes/identity/kubeconfig-user.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { absolutePath, readField, readLines } from '../fields.ts';
import { digest, putFile } from '../files/managed-file.ts';
import { defineOperation } from '../operation.ts';
import { parseCredential, type SeenCredential, seeCredential } from './client-certificate-script.ts';

const schema = z.strictObject({
  kubeconfig: absolutePath.describe("the kubelet's --kubeconfig, which it writes itself"),
  bootstrap_kubeconfig: absolutePath.describe("the kubelet's --bootstrap-kubeconfig"),
  content: z.string().describe('the text of the latter, with a token'),
  cert_dir: absolutePath.describe("the kubelet's --cert-dir"),
  unit: z.string().describe("the kubelet's unit, which is started"),
  common_name: z.string().min(1).describe('the user that the API takes the kubelet for'),
  organization: z.string().min(1).describe('the group that it takes it to be in'),
  renew_days: z.number().int().min(0).default(30).describe('how long before its end a certificate is replaced'),
});

type Desired = z.output<typeof schema>;

interface Actual extends SeenCredential {
  /** SHA-256 of the bootstrap kubeconfig; empty where there is none. */
  readonly bootstrap: string;
  /** Client certificates in the kubelet's folder. */
  readonly pairs: readonly string[];
}

/** Why the kubelet has to ask for a certificate; undefined where the one it has is good. */
export function whyBootstrap(actual: Actual, desired: Desired): string | undefined {
  if (actual.kind === 'absent') return 'it has no kubeconfig';
  const user = readKubeconfigUser(actual.text);
  const pem = user?.certificate ?? actual.certificate;
  if (pem === '' || !(user?.hasKey || actual.hasKey)) return 'its kubeconfig leads to no certificate and key';
  const { common_name: commonName, organization, renew_days: renewDays } = desired;
  const why = judgeCertificate(pem, { commonName, organization, ca: undefined, renewDays }, actual.now);
  return why && `its certificate ${why}`;
}

/** Old credentials are gone, and the kubelet finds the way in: nothing more is to be done before it is approved. */
const isUnderWay = (actual: Actual, { content }: Desired): boolean =>
  actual.kind === 'absent' && actual.pairs.length === 0 && actual.bootstrap === digest(content);

const old = ShellScript.trusted(`
# start_anew UNIT KUBECONFIG FILE…: a kubelet asks only where it has nothing of before.
start_anew() {
  unit=$1
  shift
  for path; do remove "$path"; done
  systemctl daemon-reload
  systemctl reset-failed "$unit" 2>/dev/null || :
  systemctl --no-block restart "$unit"
}
`);

/** A kubelet without a good client certificate asks the API for one, with a token that is good for this run. */
export const bootstrapKubeconfig = defineOperation({
  name: 'bootstrap_kubeconfig',
  summary: 'a kubelet that asks the API for its certificate, where it has no good one',
  schema,
  probe: ({ kubeconfig, bootstrap_kubeconfig: bootstrap, cert_dir: folder }) =>
    joinScripts([
      seeCredential,
      sh`see_credential ${kubeconfig}
[ ! -f ${bootstrap} ] || { sum=$(sha256sum <${bootstrap}) && echo "bootstrap \${sum%% *}"; }
for path in ${folder}/kubelet-client-*.pem ${folder}/kubelet-client.key.tmp; do
  [ ! -e "$path" ] && [ ! -L "$path" ] || echo "pair $path"
done`,
    ]),
  parse(output): Actual {
    return {
      ...parseCredential(output),
      bootstrap: readField(output, 'bootstrap'),
      pairs: readLines(output).flatMap(([key, path]) => (key === 'pair' ? [path] : [])),
    };
  },
  diff(actual, desired): readonly Change[] {
    const why = whyBootstrap(actual, desired);
    if (why === undefined || isUnderWay(actual, desired)) return [];
    const gone = [...(actual.kind === 'file' ? [desired.kubeconfig] : []), ...actual.pairs];
    return [
      ...gone.map((subject) => ({ subject, action: 'remove' })),
      { subject: desired.bootstrap_kubeconfig, action: `write, with a token: ${why}` },
      { subject: desired.unit, action: 'restart, so that it asks for a certificate' },
    ];
  },
  apply(desired, actual) {
    if (whyBootstrap(actual, desired) === undefined || isUnderWay(actual, desired)) return sh`:`;
    const { bootstrap_kubeconfig: path, content, unit, kubeconfig } = desired;
    const gone = [...(actual.kind === 'file' ? [kubeconfig] : []), ...actual.pairs];
    return joinScripts([
      old,
      // the kubelet writes it, and nobody tells when
      sh`keep ${kubeconfig}`,
      putFile({ path, content, mode: '0600', owner: 'root', group: 'root' }),
      sh`start_anew ${unit} ${gone}`,
    ]);
  },
  undo: (actual, desired) =>
    joinScripts([desired.bootstrap_kubeconfig, desired.kubeconfig, ...actual.pairs].map((path) => sh`restore ${path}`)),
});
