import { ShellScript } from '../../shell.ts';
import { decodeBase64, readField } from '../fields.ts';

/** Prints what `parseCredential` reads. What is secret in a kubeconfig or beside a certificate stays on the host. */
export const seeCredential = ShellScript.trusted(`
# secretless FILE: a kubeconfig without keys, tokens and passwords.
secretless() {
  sed -E "s/((client-key-data|token|password)['\\"]?[[:space:]]*:)[[:space:]]*[^,}[:space:]][^,}]*/\\\\1 (there)/g" "$1"
}

# named_file KUBECONFIG KEY: the file that it names so, from its own folder.
named_file() {
  _named=$(sed -nE "s/.*[{,[:space:]]$2['\\"]?[[:space:]]*:[[:space:]]*['\\"]?([^'\\",}[:space:]]+).*/\\\\1/p" "$1" | head -n 1)
  case $_named in '' | /*) ;; *) _named=\${1%/*}/$_named ;; esac
  printf '%s' "$_named"
}

# public_half FILE: that of a private key; nothing where it cannot be read.
public_half() {
  if command -v ssh-keygen >/dev/null; then ssh-keygen -e -m PKCS8 -f "$1"
  else openssl pkey -pubout -in "$1"
  fi </dev/null 2>/dev/null
}

see_credential() {
  echo "now $(date +%s)"
  [ -f "$1" ] || { echo kind absent; return 0; }
  echo kind file
  echo "mode $(stat -c '%a %U:%G' "$1")"
  echo "text $(secretless "$1" | base64 -w 0)"
  certificate=$(named_file "$1" client-certificate) key=$(named_file "$1" client-key)
  [ ! -f "$certificate" ] ||
    echo "certificate $(sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$certificate" | base64 -w 0)"
  [ ! -f "$key" ] || { echo key there; echo "public $(public_half "$key" | base64 -w 0)"; }
}
`);

/** The new key lies beside its place until it has a certificate: the old pair is good until then. */
export const makeCredential = ShellScript.trusted(`
# new_key FILE: makes a private key and prints its public half.
new_key() {
  make_directory "\${1%/*}" && rm -f "$1" "$1.pub"
  if command -v ssh-keygen >/dev/null; then
    ssh-keygen -q -t ecdsa -b 256 -m PEM -N '' -C '' -f "$1" </dev/null && rm -f "$1.pub" && ssh-keygen -e -m PKCS8 -f "$1"
  elif command -v openssl >/dev/null; then
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$1" && openssl pkey -pubout -in "$1"
  else fail KEY_PROGRAM_MISSING 'there is neither ssh-keygen nor openssl to make a key with' 'Install openssh-client or openssl on this host.'
  fi || { rm -f "$1" "$1.pub"; echo "no key could be made beside $1" >&2; return 1; }
}

# adopt_key NEW FILE CERTIFICATE: both become one file, as kubelets keep theirs, whole or not at all.
adopt_key() {
  { cat "$1" && printf %s "$3"; } | put "$2" 0600 root root || return 1
  rm -f "$1"
}
`);

/** What `see_credential` tells of a kubeconfig and of the certificate that it leads to. */
export interface SeenCredential {
  /** Of the host's clock, in seconds since 1970. */
  readonly now: number;
  readonly kind: 'file' | 'absent';
  /** The kubeconfig without its secrets. */
  readonly text: string;
  /** PEM, of the file that the kubeconfig names. */
  readonly certificate: string;
  readonly hasKey: boolean;
}

export const parseCredential = (output: string): SeenCredential => ({
  now: Number(readField(output, 'now')),
  kind: readField(output, 'kind') === 'file' ? 'file' : 'absent',
  text: decodeBase64(readField(output, 'text')),
  certificate: decodeBase64(readField(output, 'certificate')),
  hasKey: readField(output, 'key') === 'there',
});
