import type { Lab } from '../../src/lab/lab.ts';
import { verifyImage } from '../../src/lab/parts.ts';
import { kubectl, onEach } from './read-hosts.ts';

const name = 'who';

/** Answers with the address it is asked from. */
const serve = `mkdir -p /tmp/cgi-bin
printf '#!/bin/sh\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n"; echo "$REMOTE_ADDR"\\n' >/tmp/cgi-bin/who
chmod +x /tmp/cgi-bin/who
exec httpd -f -p 0.0.0.0:8080 -h /tmp`;

/** Lets hosts ask a pod on a node, or what `through` runs a command in; the address under which it saw each. */
export async function askPodFrom(
  lab: Lab,
  hosts: readonly string[],
  node: string,
  through = '',
): Promise<Record<string, string>> {
  const image = { image: verifyImage, imagePullPolicy: 'Never' };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [{ name: 'shell', ...image, command: ['/bin/sh', '-c', serve] }],
    },
  };
  try {
    const { code, stderr } = await lab.kubectl(['create', '-f', '-'], JSON.stringify(pod));
    if (code !== 0) throw new Error(stderr);
    await kubectl(lab, 'wait', 'pod', name, '--for=condition=Ready', '--timeout=120s');
    const address = await kubectl(lab, 'get', 'pod', name, '-o', 'jsonpath={.status.podIP}');
    const ask = `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | ${through} timeout 20 busybox nc -w 15 ${address} 8080 | tail -n 1`;
    return await onEach(lab, hosts, ask);
  } finally {
    await kubectl(lab, 'delete', 'pod', name, '--wait=false');
  }
}
