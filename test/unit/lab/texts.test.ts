import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { alternativeNames, kubeletIdentity, subjectOf } from '../../../src/lab/certificates.ts';
import { renderInventory } from '../../../src/lab/inventory.ts';
import { hostNames } from '../../../src/lab/lab.ts';
import { renderEnvironment, renderUnit } from '../../../src/lab/units.ts';

const hosts = {
  controlPlane: [{ name: 'cp1', address: '10.78.0.11' }],
  nodes: [{ name: 'node1', address: '10.78.0.21' }],
};

describe('renderInventory', () => {
  it('is YAML of the expected shape', () => {
    const inventory = parse(renderInventory({ ...hosts, cniPlugins: { path: './artifacts/cni.tgz', sha256: 'ab' } }));
    expect(inventory.all.vars).toMatchObject({
      ansible_user: 'root',
      cluster: { kubeconfig: './admin.kubeconfig', pod_cidr: '10.5.0.0/16', node_cidr_mask_size: 24 },
      network: { agent: 'static-routes', backend: 'host-gw' },
      artifacts: { cni_plugins: { path: './artifacts/cni.tgz', sha256: 'ab' } },
    });
    expect(inventory.all.children.control_plane.hosts).toEqual({ cp1: { ansible_host: '10.78.0.11' } });
    expect(inventory.all.children.nodes.hosts).toEqual({ node1: { ansible_host: '10.78.0.21' } });
  });

  it('says nothing of a cluster where there is none', () => {
    const inventory = parse(renderInventory({ ...hosts, cniPlugins: undefined }));
    expect(Object.keys(inventory.all.vars)).toEqual([
      'ansible_user',
      'ansible_ssh_private_key_file',
      'ssh_known_hosts_file',
    ]);
  });
});

describe('units in the style of the era', () => {
  const service = { program: 'kube-proxy', description: 'Kubernetes Proxy', flags: ['--a=1', '--b'] };

  it('take their flags from an EnvironmentFile', () => {
    expect(renderUnit(service)).toContain(
      'EnvironmentFile=/opt/k8s/conf/kube-proxy.env\nExecStart=/opt/k8s/bin/kube-proxy $KUBE_PROXY_OPTS\n',
    );
    expect(renderEnvironment(service)).toBe('KUBE_PROXY_OPTS="--a=1 \\\n--b"\n');
  });
});

describe('certificates', () => {
  it('name a kubelet as the Node authorizer wants it', () => {
    expect(subjectOf(kubeletIdentity('node1'))).toBe('/O=system:nodes/CN=system:node:node1');
  });

  it('tell addresses from names', () => {
    expect(alternativeNames(['cp1', '10.254.0.1'])).toBe('DNS:cp1,IP:10.254.0.1');
  });
});

describe('hostNames', () => {
  it('has two control-plane hosts and the nodes', () => {
    expect(hostNames(2)).toEqual(['cp1', 'cp2', 'node1', 'node2']);
  });

  it.each([-1, 1.5, 201, Number.NaN])('refuses %s nodes', (nodes) => {
    expect(() => hostNames(nodes)).toThrow('LAB_NODES_INVALID');
  });
});
