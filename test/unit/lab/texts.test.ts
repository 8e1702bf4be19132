import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { alternativeNames, kubeletIdentity, subjectOf } from '../../../src/lab/certificates.ts';
import { renderInventory } from '../../../src/lab/inventory.ts';
import { chooseHosts, hostNames } from '../../../src/lab/lab.ts';
import { renderEnvironment, renderUnit } from '../../../src/lab/units.ts';

const hosts = {
  controlPlane: [{ name: 'cp1', address: '10.78.0.11' }],
  nodes: [{ name: 'node1', address: '10.78.0.21' }],
  network: { agent: 'static-routes', backend: 'host-gw' },
} as const;

describe('renderInventory', () => {
  it('is YAML of the expected shape', () => {
    const inventory = parse(
      renderInventory({ ...hosts, artifacts: { cni_plugins: { path: './artifacts/cni.tgz', sha256: 'ab' } } }),
    );
    expect(inventory.all.vars).toMatchObject({
      ansible_user: 'root',
      cluster: { kubeconfig: './admin.kubeconfig', pod_cidr: '10.5.0.0/16', node_cidr_mask_size: 24 },
      network: { agent: 'static-routes', backend: 'host-gw' },
      artifacts: { cni_plugins: { path: './artifacts/cni.tgz', sha256: 'ab' } },
    });
    expect(inventory.all.children.control_plane.hosts).toEqual({ cp1: { ansible_host: '10.78.0.11' } });
    expect(inventory.all.children.nodes.hosts).toEqual({ node1: { ansible_host: '10.78.0.21' } });
  });

  it('names what flannel needs', () => {
    const artifacts = {
      cni_plugins: { path: './artifacts/cni.tgz', sha256: 'ab' },
      flannel_cni_plugin: { path: './artifacts/flannel', sha256: 'cd' },
      flanneld: { path: './artifacts/flanneld', sha256: 'ef', version: '0.28.7' },
    };
    const network = { agent: 'flannel', backend: 'vxlan' } as const;
    const inventory = parse(renderInventory({ ...hosts, network, artifacts }));
    expect(inventory.all.vars).toMatchObject({ network, artifacts });
  });

  it('says which nodes have Docker', () => {
    const nodes = [...hosts.nodes, { name: 'node2', address: '10.78.0.22', usesDocker: true }];
    const inventory = parse(renderInventory({ ...hosts, nodes, artifacts: undefined }));
    expect(inventory.all.children.nodes.hosts.node1).toEqual({ ansible_host: '10.78.0.21' });
    expect(inventory.all.children.nodes.hosts.node2).toMatchObject({ runtime: { type: 'docker' } });
  });

  it('says nothing of a cluster where there is none', () => {
    const inventory = parse(renderInventory({ ...hosts, artifacts: undefined }));
    expect(Object.keys(inventory.all.vars)).toEqual([
      'ansible_user',
      'ansible_ssh_private_key_file',
      'ssh_known_hosts_file',
      'ssh_config_file',
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

describe('chooseHosts', () => {
  it('puts nodes with Docker behind the others', () => {
    expect(chooseHosts(undefined, { nodes: 1, dockershimNodes: 2 })).toEqual({
      hosts: ['cp1', 'cp2', 'node1', 'node2', 'node3'],
      dockerHosts: ['node2', 'node3'],
      blankHosts: [],
    });
  });

  it('puts blank hosts behind all others', () => {
    const { hosts, blankHosts } = chooseHosts(undefined, { nodes: 1, dockershimNodes: 1, blankNodes: 1 });
    expect(hosts).toEqual(['cp1', 'cp2', 'node1', 'node2', 'node3']);
    expect(blankHosts).toEqual(['node3']);
  });

  it('leaves what is there as it is, and adds what is missing', () => {
    const known = { hosts: ['cp1', 'cp2', 'node1', 'node2'], dockerHosts: ['node2'], blankHosts: [] };
    expect(chooseHosts(known, { nodes: 2, dockershimNodes: 1 })).toEqual(known);
    expect(chooseHosts(known, { nodes: 1, dockershimNodes: 2 }).dockerHosts).toEqual(['node2', 'node3']);
  });
});
