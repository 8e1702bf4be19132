import type { RunEvent } from '../events.ts';
import { type Display, type DisplayOptions, flush } from './display.ts';
import { formatFailure } from './error-text.ts';
import { formatHostKey } from './host-key-lines.ts';
import { formatMigration } from './migration-lines.ts';
import { formatNetworkChange } from './network-change-lines.ts';
import { formatOneOffs } from './one-off-lines.ts';
import { createPaint, type Paint } from './paint.ts';
import { createPlanLines } from './plan-lines.ts';
import { joinFailures } from './same-failures.ts';
import { StageView } from './stage-view.ts';
import { formatLastLine, formatTable } from './summary.ts';
import { createTaskLines } from './task-lines.ts';
import { count, printable } from './words.ts';

type Listr2 = typeof import('listr2');
type Line = { title: string; output: string };

const refreshMs = 100;
const blank = ' ';

/**
 * A live tree, one for each stage: events fill a StageView, the tree follows it until it has finished, and what is left is one line
 * (all of it where something failed). Trees and lines wait for each other in a queue, so no event ever waits.
 */
export function createTerminal(options: DisplayOptions & { nowMs?: () => number }): Display {
  const { stream, color, verbose, nowMs = () => performance.now() } = options;
  const loading = import('listr2');
  const paint = createPaint(color);
  const taskLines = createTaskLines(options, paint);
  const planLines = createPlanLines(options, paint);
  let queue: Promise<unknown> = loading;
  let view: StageView | undefined;
  let hostWidth = 0;
  let afterStage: string[] = [];
  let failures: (RunEvent & { type: 'failure' })[] = [];

  const enqueue = (work: () => unknown): void => {
    queue = queue.then(work);
    queue.catch(() => {});
  };
  const write = (lines: readonly string[]): void => {
    if (lines.length > 0) enqueue(() => stream.write(`${lines.join('\n')}\n`));
  };
  const begin = (name: string, hosts: readonly string[]): void => {
    end('ok');
    const started = new StageView(name, hosts, { mostSlots: slotsOf(stream), nowMs });
    view = started;
    enqueue(async () => showTree(started, await loading, stream, paint));
  };
  const end = (status: StageView['status']): void => {
    view?.finish(status);
    view = undefined;
    write([...afterStage, ...joinFailures(failures).flatMap((failure) => ['', formatFailure(failure, color)])]);
    afterStage = [];
    failures = [];
  };

  const show = (event: RunEvent): void => {
    view?.show(event);
    const planned = planLines(event);
    if (planned.length > 0) {
      end('ok');
      write(planned);
    }
    switch (event.type) {
      case 'run-started':
        hostWidth = Math.max(0, ...event.hosts.map((host) => host.length));
        begin(`${count(event.hosts.length, 'host')} reached and looked at`, event.hosts);
        break;
      case 'stage-started':
        begin(event.stage, event.hosts);
        break;
      case 'task-finished':
        if (verbose) afterStage.push(...taskLines(event, hostWidth));
        break;
      case 'warning':
        afterStage.push(`${paint.yellow('⚠')} ${event.host ? `${event.host}: ` : ''}${printable(event.message)}`);
        if (view === undefined) end('ok');
        break;
      case 'host-key':
        write(formatHostKey(event));
        break;
      case 'network-change':
        write(formatNetworkChange(event));
        break;
      case 'one-off-settings':
        write(formatOneOffs(event));
        break;
      case 'migration':
        write(formatMigration(event));
        break;
      case 'stopping':
        // else the tree tells of it
        if (view === undefined) write([printable(event.message)]);
        break;
      case 'failure':
        failures.push(event);
        if (event.host === undefined) end('failed');
        break;
      case 'stage-finished':
        end(event.status);
        break;
      case 'run-finished':
        end(event.status === 'stopped' ? 'failed' : event.status);
        write(['', ...formatTable(event.hosts, paint), formatLastLine(event, paint)]);
        break;
    }
  };

  return {
    show,
    async close() {
      end('failed');
      await queue;
      await flush(stream);
    },
  };
}

/** Leaves room for the lines below hosts and for the stage itself. */
function slotsOf(stream: NodeJS.WritableStream & { readonly rows?: number }): number {
  return Math.max(2, Math.floor(((stream.rows ?? 24) - 4) / 2));
}

async function showTree(view: StageView, listr2: Listr2, stream: NodeJS.WritableStream, paint: Paint): Promise<void> {
  /** Whoever asks for a terminal has one, whatever the standard output is. */
  class Tree extends listr2.DefaultRenderer {
    static override nonTTY = true;
  }
  /** The library only writes to it and reads its size. */
  const screen = stream as NodeJS.WriteStream;
  const follow: (() => void)[] = [];
  const leaf = (update: (line: Line) => 'done' | undefined) => ({
    title: blank,
    task: (_: unknown, line: Line) =>
      new Promise<void>((resolve, reject) => {
        const next = (): void => {
          try {
            if (update(line) === 'done') resolve();
          } catch (failure) {
            reject(failure);
          }
        };
        follow.push(next);
        void view.finished.then(next).then(resolve);
      }),
  });
  const list = new listr2.Listr(
    [
      {
        title: view.title,
        task: (_, stage) => {
          const keeper = leaf(() => {
            put(stage, view.title, view.activity);
            if (view.status === 'failed') throw new Error(blank);
            return undefined;
          });
          const hosts = view.slots.map((_, index) =>
            leaf((line) => {
              const host = view.slots[index];
              if (host) put(line, host.title, host.activity);
              if (host?.failed) throw new Error(host.title);
              return host?.done ? 'done' : undefined;
            }),
          );
          return stage.newListr([...hosts, keeper], { concurrent: true, exitOnError: false });
        },
      },
    ],
    {
      renderer: Tree,
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: {
        ...style(paint),
        formatOutput: 'truncate',
        logger: new listr2.ListrLogger({ processOutput: new listr2.ProcessOutput(screen, screen) }),
      },
    },
  );
  const timer = setInterval(() => {
    for (const next of follow) next();
  }, refreshMs);
  try {
    await list.run();
  } finally {
    clearInterval(timer);
  }
}

/** Every setting draws the tree anew, so only what differs is set. */
function put(line: Line, title: string, output: string): void {
  if (line.title !== title) line.title = title;
  if ((line.output ?? '') !== output) line.output = output;
}

/** The colours are ours, because the library asks the environment for its own. */
const style = ({ green, yellow, red, dim }: Paint) => ({
  icon: { COMPLETED_WITH_FAILED_SUBTASKS: '✖', FAILED_WITH_SUBTASKS: '✖' },
  color: {
    PENDING: yellow,
    COMPLETED: green,
    COMPLETED_WITH_FAILED_SUBTASKS: red,
    COMPLETED_WITH_SISTER_TASKS_FAILED: red,
    FAILED: red,
    FAILED_WITH_SUBTASKS: red,
    WAITING: dim,
    OUTPUT: dim,
    SKIPPED_WITH_COLLAPSE: yellow,
    SKIPPED_WITHOUT_COLLAPSE: yellow,
    RETRY: yellow,
    ROLLING_BACK: red,
    ROLLED_BACK: red,
    PAUSED: yellow,
  },
});
