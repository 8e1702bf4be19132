/** Imports run one way, and each package has one home. */
const only = (name, from, to) => ({
  name,
  severity: 'error',
  comment: `${from.join(', ')} may import only ${to.join(', ')} and the shared language`,
  from: { path: from.map((folder) => `^src/${folder}/`) },
  to: {
    path: '^src/',
    pathNot: [...from, ...to].map((folder) => `^src/${folder}`).concat('^src/(errors|events|shell|location)\\.ts$'),
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
      to: { path: '^src/kubernetes/api\\.ts$' },
    },
    home('node-ssh', 'node-ssh|ssh2', '^src/transport/ssh\\.ts$'),
    home('listr2', 'listr2', '^src/reporters/terminal\\.ts$'),
    home('handlebars', 'handlebars', '^src/config/template\\.ts$'),
    home('yaml', 'yaml', '^src/config/source\\.ts$'),
    home('kubernetes-client', '@kubernetes/client-node', '^src/kubernetes/api\\.ts$'),
    home('commander', 'commander', '^src/cli/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
