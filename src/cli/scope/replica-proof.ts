/** The text of a shell script: KUBECONFIG HEALTH-URL UNIT GROUP RESOURCE. It succeeds once a controller-manager could take the lead. */
const script = `
kubeconfig=$1 url=$2 unit=$3
for program in curl wget; do command -v $program >/dev/null && break; done
case $program in
  curl) curl -kfsS -m 3 -o /dev/null "$url" || exit 1 ;;
  wget) wget -q -T 3 -O /dev/null --no-check-certificate "$url" || exit 1 ;;
esac
umask 077
folder=$(mktemp -d /run/provision-proof.XXXXXX) && trap 'rm -rf "$folder"' EXIT || exit 1
value() { sed -nE "s/.*[{,[:space:]]$1['\\"]?[[:space:]]*:[[:space:]]*['\\"]?([^'\\",}[:space:]]+).*/\\1/p" "$kubeconfig" | head -n 1; }
# part KEY: the file that the kubeconfig names so, or what it holds itself.
part() {
  named=$(value "$1")
  case $named in
    '') value "$1-data" | base64 -d >"$folder/$1"; echo "$folder/$1" ;;
    /*) echo "$named" ;;
    *) echo "\${kubeconfig%/*}/$named" ;;
  esac
}
server=$(value server)
pid=$(systemctl show "$unit" -p MainPID | cut -d= -f2)
port=\${server##*:}
case $port in *[!0-9]* | '') port=443 ;; esac
ss -Htnp state established 2>/dev/null | grep -q ":$port .*pid=$pid," || { echo "it has no connection to $server"; exit 1; }
[ "$(value client-certificate)$(value client-certificate-data)" != '' ] && [ $program = curl ] || exit 0
authority=$(part certificate-authority)
[ ! -s "$authority" ] || set -- "$@" --cacert "$authority"
shift 3
group=$1 resource=$2
shift 2
answer=$(curl -sS -m 5 "$@" --cert "$(part client-certificate)" --key "$(part client-key)" -H 'Content-Type: application/json' \\
  -d '{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"verb":"update","group":"'"$group"'","resource":"'"$resource"'","namespace":"kube-system","name":"kube-controller-manager"}}}' \\
  "\${server%/}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" 2>&1)
case $answer in *'"allowed":true'* | *'"allowed": true'*) exit 0 ;; esac
echo "the API does not let the owner of $kubeconfig write the lock of the leader: $(printf %s "$answer" | tr -d '\\n' | cut -c 1-300)"
exit 1
`;

/**
 * A command that is evidence of a controller-manager that could take the lead: it is healthy, it holds a connection to the API,
 * and the API takes its certificate for one that may write the lock. Without curl the last of these is not asked.
 */
export const replicaProof = ({
  kubeconfig,
  url,
  unit,
  lock,
}: Readonly<Record<'kubeconfig' | 'url' | 'unit' | 'lock', string>>): string[] => [
  'sh',
  '-c',
  script,
  'proof',
  kubeconfig,
  url,
  unit,
  lock === 'leases' ? 'coordination.k8s.io' : '',
  lock,
];
