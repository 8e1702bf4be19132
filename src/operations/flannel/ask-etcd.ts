import { ProvisionError } from '../../errors.ts';
import type { EtcdAnswer, EtcdApiName, EtcdRequest } from '../../kubernetes/network/etcd-keys.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { decodeBase64, readField } from '../fields.ts';

/** Needs curl. Certificates that come as texts are in files of root alone for as long as questions take. */
const functions = ShellScript.trusted(`
# give_up CODE WHAT: the end of it; a look only tells what was in its way.
give_up() {
  [ "$mode" = look ] || fail "$@"
  printf 'problem %s %s\\n' "$1" "$(printf '%s' "$silent" | base64 -w 0)"
  exit 0
}

etcd_open() {
  silent= ca= certificate= key=
  command -v curl >/dev/null || give_up CURL_MISSING 'this host has no curl, by which etcd is asked'
  scratch=$(mktemp -d /run/provision-etcd.XXXXXX) && trap 'rm -rf "$scratch"' EXIT
}

# etcd_certificates CA CERTIFICATE KEY: as texts, empty where there are none.
etcd_certificates() {
  [ -z "$1" ] || { ca=$scratch/ca; printf '%s' "$1" >"$ca"; }
  [ -z "$2" ] || { certificate=$scratch/certificate; printf '%s' "$2" >"$certificate"; }
  [ -z "$3" ] || { key=$scratch/key; printf '%s' "$3" >"$key"; }
}

# etcd_send URL METHOD TYPE BODY: the body of the answer and a line with its status.
etcd_send() {
  _url=$1 _method=$2 _type=$3 _body=$4
  set --
  [ -z "$ca" ] || set -- "$@" --cacert "$ca"
  [ -z "$certificate" ] || set -- "$@" --cert "$certificate"
  [ -z "$key" ] || set -- "$@" --key "$key"
  [ -z "$_body" ] || set -- "$@" -H "Content-Type: $_type" --data-binary @-
  printf %s "$_body" | curl -q -sS -m 5 --noproxy '*' "$@" -X "$_method" -w '\\n%{http_code}' "$_url" 2>"$scratch/said"
}

# etcd_ask METHOD TYPE BODY PATH…: by the first address that answers, the first path that it knows; sets status and answer.
etcd_ask() {
  _how=$1 _kind=$2 _what=$3 silent=
  shift 3
  for endpoint in $endpoints; do
    for path; do
      if ! answer=$(etcd_send "$endpoint$path" "$_how" "$_kind" "$_what"); then
        silent="$silent$endpoint: $(cat "$scratch/said")
"
        continue 2
      fi
      status=\${answer##*
}
      answer=\${answer%
*}
      [ "$status" = 404 ] || return 0
    done
    return 0
  done
  [ "$mode" = look ] || printf '%s' "$silent" >&2
  give_up ETCD_UNREACHABLE 'no address of etcd answers this host any more' 'Run again when etcd answers.'
}

# etcd_see API PREFIX: what it answers about the keys below, as "API STATUS ANSWER". '0' is what comes after '/'.
etcd_see() {
  case $1 in
  v2) etcd_ask GET '' '' "/v2/keys$2?recursive=true&sorted=true&quorum=true" ;;
  v3)
    _from=$(printf '%s/' "$2" | base64 -w 0) _to=$(printf '%s0' "$2" | base64 -w 0)
    etcd_ask POST application/json "{\\"key\\":\\"$_from\\",\\"range_end\\":\\"$_to\\"}" /v3/kv/range /v3beta/kv/range /v3alpha/kv/range
    ;;
  esac
  printf '%s %s %s\\n' "$1" "$status" "$(printf '%s' "$answer" | base64 -w 0)"
}

# etcd_tell METHOD TYPE BODY PATH…: that has to be done then; what is to be deleted may be gone.
etcd_tell() {
  etcd_ask "$@"
  case $_how$status in *20? | DELETE404) ;; *) printf '%s\\n' "$answer" >&2; return 1 ;; esac
}
`);

/**
 * `client` sets `endpoints`, words, and the certificates: by `etcd_certificates`, or as paths in `ca`, `certificate` and `key`.
 * A look never fails, it prints `problem CODE REASONS`.
 */
export const askEtcd = (mode: 'look' | 'change', client: ShellScript, questions: readonly ShellScript[]): ShellScript =>
  joinScripts([
    functions,
    sh`(
mode=${mode}
etcd_open`,
    client,
    ...questions,
    sh`)`,
  ]);

/** The arguments of `etcd_ask` and `etcd_tell`. */
export const requestWords = ({ method, type, body, paths }: EtcdRequest): readonly string[] => [
  method,
  type,
  body,
  ...paths,
];

/** What `etcd_see` has printed. */
export function answerBy(api: EtcdApiName, output: string): EtcdAnswer {
  const [status, body = ''] = readField(output, api).split(' ');
  return { status: Number(status), body: decodeBase64(body) };
}

/** What keeps this host from asking; undefined for nothing. */
export function problemOf(output: string): ProvisionError | undefined {
  const [code, reasons = ''] = readField(output, 'problem').split(' ');
  if (code === 'CURL_MISSING')
    return new ProvisionError({
      code: 'CURL_MISSING',
      kind: 'operation',
      what: 'This host has no curl, by which etcd is asked',
      fix: 'Install the package curl.',
    });
  if (code !== 'ETCD_UNREACHABLE') return undefined;
  return new ProvisionError({
    code: 'ETCD_UNREACHABLE',
    kind: 'operation',
    what: 'No address of etcd answers this host',
    why: decodeBase64(reasons).trim(),
    fix: 'Correct network.etcd: endpoints, as this host reaches them, ca, certificate and key.',
  });
}
