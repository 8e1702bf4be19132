import { archive } from './archive.ts';
import { cniConfig } from './cni-config.ts';
import { directory } from './directory.ts';
import { file } from './file.ts';
import { kernelModule } from './kernel-module.ts';
import { service } from './service.ts';
import { staticRoutes } from './static-routes.ts';
import { sysctl } from './sysctl.ts';

/** Every operation on hosts, by its key in a playbook. */
export const hostOperations = {
  archive,
  cni_config: cniConfig,
  directory,
  file,
  kernel_module: kernelModule,
  service,
  static_routes: staticRoutes,
  sysctl,
} as const;

export type HostOperationName = keyof typeof hostOperations;
