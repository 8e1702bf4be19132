import { z } from 'zod';
import { joinScripts, sh } from '../shell.ts';
import {
  digest,
  fileChanges,
  parseFile,
  publicFile,
  putFile,
  type SeenFile,
  seeFile,
  type WantedFile,
} from './managed-file.ts';
import { defineOperation } from './operation.ts';

const schema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'the name of a kernel module')
    .describe('module that is loaded, or built in'),
});

interface Actual {
  readonly file: SeenFile;
  readonly loaded: boolean;
}

const loadsAtBoot = (name: string): WantedFile => publicFile(`/etc/modules-load.d/provision-${name}.conf`, `${name}\n`);
/** The kernel writes names with _, files of modules also with -. */
const underscored = (name: string): string => name.replaceAll('-', '_');

/** A kernel module, now and after the next boot. */
export const kernelModule = defineOperation({
  name: 'kernel_module',
  schema,
  probe: ({ name }) => {
    const { path, content } = loadsAtBoot(name);
    return joinScripts([
      seeFile(path, content),
      sh`if [ -d /sys/module/${underscored(name)} ] ||
  tr - _ 2>/dev/null <"/lib/modules/$(uname -r)/modules.builtin" | grep -q ${`/${underscored(name)}\\.ko`}; then echo loaded; fi`,
    ]);
  },
  parse(output): Actual {
    const [first = '', second] = output.split('\n');
    return { file: parseFile(first), loaded: second === 'loaded' };
  },
  diff: (actual, { name }) => [
    ...(actual.loaded ? [] : [{ subject: name, action: 'load the module' }]),
    ...fileChanges(actual.file, loadsAtBoot(name)),
  ],
  apply: ({ name }, actual) =>
    joinScripts([
      ...(actual.loaded
        ? []
        : [
            sh`modprobe ${name} || fail MODULE_MISSING ${`kernel module ${name} cannot be loaded`} 'install the modules of the running kernel'`,
          ]),
      putFile(loadsAtBoot(name)),
    ]),
  undo: (actual, { name }) =>
    joinScripts([
      sh`restore ${loadsAtBoot(name).path}`,
      // One that something uses by now stays: unloading it would break that.
      ...(actual.loaded ? [] : [sh`modprobe -r ${name} 2>/dev/null || :`]),
    ]),
  writes: ({ name }) => [{ path: loadsAtBoot(name).path, sha256: digest(loadsAtBoot(name).content) }],
});
