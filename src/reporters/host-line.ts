import type { RunEvent } from '../events.ts';
import { describeChanges } from './change-text.ts';
import { createUploadMeter } from './upload-meter.ts';
import { count, printable } from './words.ts';

type HostEvent = RunEvent & { readonly type: 'task-started' | 'task-finished' | 'upload-progress' | 'failure' };

/** What one host does within one stage. */
export class HostLine {
  readonly host: string;
  /** Nothing more will come of it in this stage. */
  done = false;
  readonly #meter: ReturnType<typeof createUploadMeter>;
  readonly #running = new Set<string>();
  #changed = 0;
  #lastChange = '';
  #upload = '';
  #failure = '';

  constructor(host: string, nowMs: () => number) {
    this.host = host;
    this.#meter = createUploadMeter(nowMs);
  }

  show(event: HostEvent): void {
    if (event.type === 'upload-progress') {
      this.#upload = event.sentBytes < event.totalBytes ? this.#meter(event) : '';
      return;
    }
    this.#upload = '';
    if (event.type === 'task-started') this.#running.add(event.task);
    if (event.type === 'task-finished') {
      this.#running.delete(event.task);
      if (event.status === 'changed') this.#rememberChange(event);
    }
    if (event.type === 'failure') {
      this.#running.clear();
      this.#failure = `${event.error.code}: ${this.#withoutName(event.error.what)}`;
    }
  }

  get changed(): boolean {
    return this.#changed > 0;
  }

  get failed(): boolean {
    return this.#failure !== '';
  }

  get busy(): boolean {
    return this.#running.size > 0 || this.#upload !== '';
  }

  get title(): string {
    const did = this.#changed > 1 ? count(this.#changed, 'change') : this.#lastChange;
    return printable([this.host, this.#failure || did].filter((part) => part !== '').join('  '));
  }

  /** The task that runs, or the upload. */
  get activity(): string {
    if (this.#upload !== '') return this.#upload;
    const [task] = this.#running;
    const others = this.#running.size - 1;
    return task === undefined ? '' : printable(task) + (others > 0 ? `, then ${others} more` : '');
  }

  #withoutName(what: string): string {
    const [line = ''] = what.split('\n');
    return line.startsWith(`${this.host}: `) ? line.slice(this.host.length + 2) : line;
  }

  #rememberChange({ task, changes, detail }: RunEvent & { readonly type: 'task-finished' }): void {
    const words = describeChanges(changes, detail);
    this.#changed += 1;
    this.#lastChange = words ? `${task} (${words})` : task;
  }
}
