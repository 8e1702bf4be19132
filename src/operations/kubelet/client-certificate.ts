import { z } from 'zod';
import type { Change } from '../../events.ts';
import { isPair, judgeCertificate } from '../../kubernetes/identity/judge-certificate.ts';
import { readKubeconfigUser } from '../../kubernetes/identity/kubeconfig-user.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { absolutePath, decodeBase64, readField } from '../fields.ts';
import { digest, putFile } from '../files/managed-file.ts';
import { defineOperation } from '../operation.ts';
import { makeCredential, parseCredential, type SeenCredential, seeCredential } from './client-certificate-script.ts';

const schema = z.strictObject({
  kubeconfig: absolutePath.describe('the kubeconfig whose user it is'),
  content: z.string().describe('the text of the kubeconfig, which names the file below as certificate and as key'),
  certificate: absolutePath.describe('the file for key and certificate'),
  common_name: z.string().min(1).describe('the user that the API takes its owner for'),
  organization: z.string().min(1).optional().describe('the group that it takes its owner to be in'),
  ca: z.string().min(1).describe('the certificate of the CA it has to be of, in PEM'),
  valid_days: z.number().int().positive().default(365).describe('how long a new one is good'),
  renew_days: z.number().int().min(0).default(30).describe('how long before its end it is replaced'),
});

type Desired = z.output<typeof schema>;

interface Actual extends SeenCredential {
  readonly mode: string;
  /** PEM; empty where the key cannot be read. */
  readonly publicKey: string;
}

/** Whether the kubeconfig leads to the file that is wanted, whose key the host has made. */
const isOurs = ({ text }: Actual, { certificate }: Desired): boolean =>
  readKubeconfigUser(text)?.certificateFile === certificate;

/** Why another certificate is needed; undefined where the one that is there is good, whoever made it. */
function whyDue(actual: Actual, desired: Desired): string | undefined {
  const user = readKubeconfigUser(actual.text);
  const pem = user?.certificate ?? actual.certificate;
  if (actual.kind === 'absent') return 'there is none';
  if (pem === '') return 'the kubeconfig leads to none';
  const { common_name: commonName, organization, ca, renew_days: renewDays } = desired;
  const why = judgeCertificate(pem, { commonName, organization, ca, renewDays }, actual.now);
  if (why !== undefined) return `the one that is there ${why}`;
  if (!(user?.hasKey || actual.hasKey)) return 'its key is not there';
  const isOther = actual.publicKey !== '' && user?.hasKey === false && !isPair(pem, actual.publicKey);
  return isOther ? 'its key is another one' : undefined;
}

const wantsKubeconfig = (actual: Actual, desired: Desired): boolean =>
  whyDue(actual, desired) !== undefined ||
  (isOurs(actual, desired) && (actual.text !== desired.content || actual.mode !== '600 root:root'));

function changesOf(actual: Actual, desired: Desired): readonly Change[] {
  const why = whyDue(actual, desired);
  const made: readonly Change[] =
    why === undefined ? [] : [{ subject: desired.certificate, action: `make a key and its certificate: ${why}` }];
  if (!wantsKubeconfig(actual, desired)) return made;
  const action = actual.kind === 'absent' ? 'create' : 'write';
  const shown =
    actual.kind === 'absent' || isOurs(actual, desired) ? { before: actual.text, after: desired.content } : {};
  return [...made, { subject: desired.kubeconfig, action, ...shown }];
}

const newKey = ({ certificate }: Desired): string => certificate.replace(/([^/]*)$/, '.$1.provision-key');

const putKubeconfig = ({ kubeconfig: path, content }: Desired): ShellScript =>
  putFile({ path, content, mode: '0600', owner: 'root', group: 'root' });

/** A client certificate whose key the host makes and keeps, and the kubeconfig that names both. */
export const clientCertificate = defineOperation({
  name: 'client_certificate',
  summary: 'a client certificate whose key the host made and keeps, and the kubeconfig that names both',
  schema,
  probe: ({ kubeconfig }) => joinScripts([seeCredential, sh`see_credential ${kubeconfig}`]),
  parse(output): Actual {
    return {
      ...parseCredential(output),
      mode: readField(output, 'mode'),
      publicKey: decodeBase64(readField(output, 'public')),
    };
  },
  diff: changesOf,
  apply(desired, actual) {
    if (whyDue(actual, desired) !== undefined) return joinScripts([makeCredential, sh`new_key ${newKey(desired)}`]);
    return wantsKubeconfig(actual, desired) ? putKubeconfig(desired) : sh`:`;
  },
  signing: {
    request(publicKey, desired, actual) {
      if (whyDue(actual, desired) === undefined) return undefined;
      const { common_name: commonName, organization, valid_days: validDays } = desired;
      return { publicKey, commonName, organization, validDays };
    },
    finish: (desired, certificate) =>
      joinScripts([
        makeCredential,
        sh`adopt_key ${newKey(desired)} ${desired.certificate} ${certificate}`,
        putKubeconfig(desired),
      ]),
  },
  undo: (_actual, desired) =>
    joinScripts([sh`rm -f ${newKey(desired)}`, sh`restore ${desired.kubeconfig}`, sh`restore ${desired.certificate}`]),
  writes: (desired, actual) => {
    const why = whyDue(actual, desired);
    return [
      // what it will hold is not known yet: another content than any that is there
      ...(why === undefined ? [] : [{ path: desired.certificate, sha256: digest(why) }]),
      ...(wantsKubeconfig(actual, desired) ? [{ path: desired.kubeconfig, sha256: digest(desired.content) }] : []),
    ];
  },
});
