import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { joinScripts, sh } from '../../shell.ts';
import {
  digest,
  fileChanges,
  parseFile,
  publicFile,
  putFile,
  type SeenFile,
  seeFile,
  type WantedFile,
} from '../files/managed-file.ts';
import { defineOperation } from '../operation.ts';

const schema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'the name of a kernel module')
    .describe('module that is loaded, or built in'),
});

interface Actual {
  readonly file: SeenFile;
  readonly loaded: boolean;
  /** The running kernel, where it has no such module. */
  readonly missingIn?: string;
  /** There are no modules of the running kernel at all. */
  readonly isReplaced: boolean;
}

function refuseMissing(name: string, { missingIn, isReplaced }: Actual): void {
  if (missingIn === undefined) return;
  throw new ProvisionError({
    code: 'MODULE_MISSING',
    kind: 'operation',
    what: `the kernel module ${name} is neither loaded nor can it be loaded`,
    why: isReplaced
      ? `there is no /lib/modules/${missingIn}: the kernel that runs was replaced by an update`
      : `the kernel that runs, ${missingIn}, has no such module`,
    fix: isReplaced
      ? 'Restart the host, so that it runs the kernel that is installed.'
      : `Install all modules of kernel ${missingIn} (a package such as linux-modules-extra or kernel-modules).`,
  });
}

const loadsAtBoot = (name: string): WantedFile => publicFile(`/etc/modules-load.d/provision-${name}.conf`, `${name}\n`);
/** The kernel writes names with _, files of modules also with -. */
const underscored = (name: string): string => name.replaceAll('-', '_');

/** A kernel module, now and after the next boot. */
export const kernelModule = defineOperation({
  name: 'kernel_module',
  summary: 'a module loaded or built in, now and after the next boot',
  schema,
  probe: ({ name }) => {
    const { path, content } = loadsAtBoot(name);
    return joinScripts([
      seeFile(path, content),
      sh`if [ -d /sys/module/${underscored(name)} ] ||
  tr - _ 2>/dev/null <"/lib/modules/$(uname -r)/modules.builtin" | grep -q ${`/${underscored(name)}\\.ko`}; then echo loaded
elif modprobe -V 2>/dev/null | grep -q kmod && ! modprobe -n -q ${name} 2>/dev/null; then
  echo "missing $(uname -r) $([ -d "/lib/modules/$(uname -r)" ] && echo kept || echo replaced)"
fi`,
    ]);
  },
  parse(output): Actual {
    const [first = '', second] = output.split('\n');
    const [state, kernel, kept] = (second ?? '').split(' ');
    return {
      file: parseFile(first),
      loaded: state === 'loaded',
      ...(state === 'missing' && kernel !== undefined && { missingIn: kernel }),
      isReplaced: kept === 'replaced',
    };
  },
  diff(actual, { name }) {
    refuseMissing(name, actual);
    return [
      ...(actual.loaded ? [] : [{ subject: name, action: 'load the module' }]),
      ...fileChanges(actual.file, loadsAtBoot(name)),
    ];
  },
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
