import type { Command } from 'commander';

const more = `
It needs cni.delivery: init-container, with network.agent: flannel-daemonset, and artifacts.carrier_base in the
inventory (docs/network.md, plugins by init container). No host is asked.

Examples:
  ./provision image inventory.yaml --output plugins.tar    build it; the name of the image, its digest and plugins
  docker load -i plugins.tar                               or ctr -n k8s.io images import plugins.tar

Exit code: 0 the file is written; 2 for errors.`;

export function addImageCommand(program: Command): void {
  program
    .command('image')
    .description('build the image that brings the CNI plugins to nodes, as a file; `up` does it by itself')
    .argument('<inventory>', 'the inventory file')
    .requiredOption('--output <file>', 'required: where it goes, docker-archive and OCI layout in one')
    .addHelpText('after', more)
    .action(async (inventory: string, { output }: { output: string }) => {
      const { image } = await import('./image.ts');
      await image(inventory, output);
    });
}
