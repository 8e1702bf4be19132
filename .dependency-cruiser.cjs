/** Imports run one way, and each package has one home. */
const only = (name, from, to) => ({
  name,
  severity: 'error',
  comment: `${from.join(', ')} may import only ${to.join(', ')} and the shared language`,
  from: { path: from.map((folder) => `^src/${folder}/`) },
  to: {
    path: '^src/',
    pathNot: [...from, ...to]
      .map((folder) => `^src/${folder}`)
      .concat('^src/(errors|events|shell|location|redaction)\\.ts$'),
  },
});

const home = (name, modules, file) => ({
  name: `home-of-${name}`,
  severity: 'error',
  comment: `${name} is used in ${file} alone`,
  from: { path: '^src/', pathNot: file },
  to: { path: `node_modules/(${modules})/`, dependencyTypesNot: ['type-only'] },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only('config-below-operations', ['config'], ['operations/', 'kubernetes/']),
    only('engine-knows-interfaces', ['engine'], ['operations/', 'transport/transport\\.ts', 'kubernetes/', 'journal/']),
    only('operations-are-pure', ['operations'], ['kubernetes/']),
    only('kubernetes-stands-alone', ['kubernetes'], ['transport/transport\\.ts']),
    only('leaves', ['transport', 'journal', 'reporters'], []),
    only('lab-reaches-hosts', ['lab'], ['transport/']),
    {
      name: 'api-for-engine-and-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(engine|cli)/' },
      to: { path: '^src/kubernetes/cluster/api\\.ts$' },
    },
    home('node-ssh', 'node-ssh|ssh2', '^src/transport/ssh[a-z-]*\\.ts$'),
    home('listr2', 'listr2', '^src/reporters/terminal\\.ts$'),
    home('handlebars', 'handlebars', '^src/config/template\\.ts$'),
    home('ssh-config', 'ssh-config', '^src/config/ssh-config[a-z-]*\\.ts$'),
    home('age', 'age-encryption', '^src/config/age\\.ts$'),
    home(
      'yaml',
      'yaml',
      '^src/(config/(source|yaml-problems)|kubernetes/(kubelet/yaml-text|kubelet/edit-yaml|cluster/manifest))\\.ts$',
    ),
    home('toml', 'smol-toml', '^src/kubernetes/containerd/containerd-toml\\.ts$'),
    home('kubernetes-client', '@kubernetes/client-node', '^src/kubernetes/cluster/client\\.ts$'),
    home('asn1', '@peculiar', '^src/kubernetes/identity/(issue-certificate|read-request)\\.ts$'),
    home('commander', 'commander', '^src/cli/'),
    home('diff', 'diff', '^src/reporters/change-text\\.ts$'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
