const [command, ...args] = process.argv.slice(2);
switch (command) {
  case 'up': {
    const { up } = await import('./up.ts');
    process.exitCode = await up(args[0] ?? '');
    break;
  }
  case 'lab': {
    const { runLab } = await import('./lab.ts');
    process.exitCode = await runLab(args);
    break;
  }
}
