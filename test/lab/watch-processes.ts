import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessWatch {
  /** Every process there was, as its arguments; those of the lab's hosts are among them. */
  readonly commandLines: ReadonlySet<string>;
  look(): void;
  /** What arguments and environments held of these texts, as "text: process". */
  stop(): Promise<readonly string[]>;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return ''; // it has ended
  }
};

/** Looks for texts in the arguments and environments of all processes, again and again. */
export function watchProcesses(texts: readonly string[], isGiven: (pid: number) => boolean): ProcessWatch {
  const found = new Set<string>();
  const commandLines = new Set<string>();
  let isOver = false;

  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const commandLine = read(`/proc/${pid}/cmdline`);
      commandLines.add(commandLine);
      const environment = isGiven(Number(pid)) ? '' : read(`/proc/${pid}/environ`);
      for (const text of texts)
        if (commandLine.includes(text) || environment.includes(text))
          found.add(`${text}: ${commandLine.slice(0, 200)} ${commandLine.includes(text) ? '' : '(environment)'}`);
    }
  };
  const watching = (async () => {
    while (!isOver) {
      look();
      await sleep(20);
    }
  })();

  return {
    commandLines,
    look,
    async stop() {
      isOver = true;
      await watching;
      return [...found];
    },
  };
}
