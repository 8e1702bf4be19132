import type { EtcdRequest } from '../../kubernetes/network/etcd-keys.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';

/** What etcd is asked with: its addresses, and certificates as PEM, empty where there are none. */
export interface EtcdClient {
  readonly endpoints: readonly string[];
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Needs curl. Certificates are in files of root alone for as long as a question takes. */
const functions = ShellScript.trusted(`
# give_up CODE WHAT: the end of it; a look only tells what was in its way.
give_up() {
  [ "$mode" = look ] || fail "$@"
  printf 'problem %s %s\\n' "$1" "$(printf '%s' "$silent" | base64 -w 0)"
  exit 0
}

# etcd_open CA CERTIFICATE KEY
etcd_open() {
  silent=
  command -v curl >/dev/null || give_up CURL_MISSING 'this host has no curl, by which etcd is asked'
  tls=$(mktemp -d /run/provision-etcd.XXXXXX) && trap 'rm -rf "$tls"' EXIT
  printf '%s' "$1" >"$tls/ca"; printf '%s' "$2" >"$tls/certificate"; printf '%s' "$3" >"$tls/key"
}

# etcd_send URL METHOD TYPE BODY: the body of the answer and a line with its status.
etcd_send() {
  _url=$1 _method=$2 _type=$3 _body=$4
  set --
  [ ! -s "$tls/ca" ] || set -- "$@" --cacert "$tls/ca"
  [ ! -s "$tls/certificate" ] || set -- "$@" --cert "$tls/certificate" --key "$tls/key"
  [ -z "$_body" ] || set -- "$@" -H "Content-Type: $_type" --data-binary @-
  printf %s "$_body" | curl -q -sS -m 5 --noproxy '*' "$@" -X "$_method" -w '\\n%{http_code}' "$_url" 2>"$tls/said"
}

# etcd_ask METHOD TYPE BODY PATH…: by the first address that answers, the first path that it knows; sets status and answer.
etcd_ask() {
  _how=$1 _kind=$2 _what=$3 silent=
  shift 3
  for endpoint in $endpoints; do
    for path; do
      if ! answer=$(etcd_send "$endpoint$path" "$_how" "$_kind" "$_what"); then
        silent="$silent$endpoint: $(cat "$tls/said")
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
`);

/** `then` has the variables `status` and `answer`; a look never fails, it prints `problem CODE REASONS`. */
export const askEtcd = (
  mode: 'look' | 'change',
  { endpoints, ca, certificate, key }: EtcdClient,
  { method, type, body, paths }: EtcdRequest,
  then: ShellScript,
): ShellScript =>
  joinScripts([
    functions,
    sh`(
mode=${mode}
etcd_open ${ca} ${certificate} ${key}
endpoints=${endpoints.map((endpoint) => endpoint.replace(/\/+$/, '')).join(' ')}
etcd_ask ${method} ${type} ${body} ${paths}
${then}
)`,
  ]);
