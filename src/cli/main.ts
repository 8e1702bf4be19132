import { CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { exitCodeOf, printError } from './terminal/output.ts';
import { outliveOutputs } from './terminal/outputs.ts';

// a plan says with 2 that there is something to do
const [, , called = ''] = process.argv;
const isPlan =
  called === 'plan' ||
  (['roll', 'rebuild', 'reset', 'migrate', 'network', 'undo'].includes(called) && process.argv.includes('--plan'));
const mistake = isPlan ? 1 : 2;

const lostOutput = outliveOutputs({ 'standard output': process.stdout, 'standard error': process.stderr });
process.once('exit', () => {
  const lost = lostOutput();
  if (!lost) return;
  printError(lost);
  if (!process.exitCode || process.exitCode === 2) process.exitCode = mistake;
});

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode && mistake;
  else {
    printError(error);
    process.exitCode = exitCodeOf(error);
  }
}
