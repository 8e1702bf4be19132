// Bundles the command into dist/, because starting it from sources costs more than it does.
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const client = '@kubernetes/client-node';

/** Lets go of what nobody imports of the client, whose package does not say that its modules do nothing by themselves. */
const shakeClient = {
  name: 'shake-client',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^(@kubernetes|\.)/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === client || !(path === client || importer.includes(client))) return undefined;
      return { ...(await resolve(path, { importer, resolveDir, kind, pluginData: client })), sideEffects: false };
    });
  },
};

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: ['src/cli/main.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  plugins: [shakeClient],
  external: ['cpu-features', '*.node'],
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename;',
    ].join('\n'),
  },
  logLevel: 'warning',
});
