import { archive } from './archive.ts';
import { directory } from './directory.ts';
import { file } from './file.ts';
import { kernelModule } from './kernel-module.ts';
import { service } from './service.ts';
import { sysctl } from './sysctl.ts';

/** Every operation on hosts, by its key in a playbook. */
export const hostOperations = {
  archive,
  directory,
  file,
  kernel_module: kernelModule,
  service,
  sysctl,
} as const;

export type HostOperationName = keyof typeof hostOperations;
