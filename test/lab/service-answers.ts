import type { Lab } from '../../src/lab/lab.ts';
import { verifyImage } from '../../src/lab/parts.ts';
import { eventually, kubectl } from './read-hosts.ts';

const label = 'test=service-answers';

/** What every node's pod got from a Service whose one endpoint is on another node, and what it should have got. */
export interface ServiceAnswer {
  readonly from: string;
  readonly to: string;
  readonly answer: string;
  /** The endpoint's name and the client's own address: nothing on the way may put another in its place. */
  readonly wanted: string;
}

/** Lets a pod of each node ask a Service at its cluster address, on the other node. */
export async function askServices(lab: Lab, [one, other]: readonly [string, string]): Promise<ServiceAnswer[]> {
  const pairs = [
    { from: one, to: other, address: '10.254.77.1' },
    { from: other, to: one, address: '10.254.77.2' },
  ];
  const objects = pairs.flatMap(({ from, to, address }) => [
    pod(`server-${to}`, to, serve(to)),
    service(`server-${to}`, address),
    pod(`client-${from}`, from, ask(address)),
  ]);
  try {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    const { code, stderr } = await lab.kubectl(['create', '-f', '-'], JSON.stringify(list));
    if (code !== 0) throw new Error(stderr);
    return await Promise.all(
      pairs.map(async ({ from, to }) => {
        const { answer, address } = await endOf(lab, `client-${from}`);
        return { from, to, answer, wanted: `${to} ${address}` };
      }),
    );
  } finally {
    await kubectl(lab, 'delete', 'pods,services', '-l', label, '--wait=false');
  }
}

/** The first answer within half a minute: kube-proxy hears of a Service a moment after it is there. */
const ask = (address: string): string => `for try in $(seq 30); do
  answer=$(printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${address} 80 | tail -n 1)
  [ -z "$answer" ] || break
  sleep 1
done
echo "$answer" >/dev/termination-log`;

/** Answers with its name and the address it is asked from. */
const serve = (name: string): string => `mkdir -p /tmp/cgi-bin
cat >/tmp/cgi-bin/who <<'END'
#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'; echo "${name} $REMOTE_ADDR"
END
chmod +x /tmp/cgi-bin/who
exec httpd -f -p 0.0.0.0:8080 -h /tmp`;

async function endOf(lab: Lab, name: string): Promise<{ readonly answer: string; readonly address: string }> {
  let told = '';
  const fields = '{.status.podIP} {.status.containerStatuses[0].state.terminated.message}';
  await eventually(`${name} has ended`, 120, async () => {
    told = await kubectl(lab, 'get', 'pod', name, '-o', `jsonpath={.status.phase} ${fields}`);
    return /^(Succeeded|Failed) /.test(told) || told;
  });
  const [, address = '', ...answer] = told.trim().split(' ');
  return { answer: answer.join(' '), address };
}

const metadata = (name: string) => ({ name, labels: { name, test: 'service-answers' } });

const service = (name: string, clusterIP: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadata(name),
  spec: { clusterIP, selector: { name }, ports: [{ port: 80, targetPort: 8080 }] },
});

const pod = (name: string, node: string, command: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: metadata(name),
  spec: {
    nodeName: node,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    containers: [{ name: 'shell', image: verifyImage, imagePullPolicy: 'Never', command: ['/bin/sh', '-c', command] }],
  },
});
