import type { RunEvent } from '../events.ts';
import { HostLine } from './host-line.ts';
import { count, printable } from './words.ts';

export type StageStatus = 'running' | 'ok' | 'changed' | 'failed' | 'skipped';

/** What is to be seen of one stage, gathered from events; it knows no terminal. */
export class StageView {
  readonly finished: Promise<void>;
  /** As many as fit on the screen; a host takes one when it first has something to tell. */
  readonly slots: (HostLine | undefined)[];
  status: StageStatus = 'running';
  readonly #name: string;
  readonly #hosts: readonly string[];
  readonly #nowMs: () => number;
  readonly #lines = new Map<string, HostLine>();
  #batch = '';
  #progress = '';
  #stopping = '';
  #reached = 0;
  #end: () => void = () => {};

  constructor(name: string, hosts: readonly string[], options: { mostSlots: number; nowMs: () => number }) {
    this.#name = name;
    this.#hosts = hosts;
    this.#nowMs = options.nowMs;
    this.slots = new Array<HostLine | undefined>(Math.min(hosts.length, options.mostSlots)).fill(undefined);
    this.finished = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  show(event: RunEvent): void {
    if (event.type === 'host-connected') this.#reached += 1;
    if (event.type === 'progress') this.#progress = event.detail;
    if (event.type === 'stopping') this.#stopping = event.message;
    if (event.type === 'batch-started') {
      this.#batch = `batch ${event.batch}`;
      this.#progress = '';
      if (this.#allFit) for (const line of this.#lines.values()) line.done = !event.hosts.includes(line.host);
    }
    if (event.type === 'task-started' || event.type === 'upload-progress') this.#line(event.host).show(event);
    if (event.type === 'failure' && event.host !== undefined) this.#line(event.host).show(event);
    if (event.type === 'task-finished') {
      const line = event.status === 'changed' ? this.#line(event.host) : this.#lines.get(event.host);
      line?.show(event);
      if (event.detail !== undefined && event.status === 'ok') this.#progress = event.detail;
    }
  }

  finish(status: StageStatus): void {
    if (this.status !== 'running') return;
    this.status = status === 'running' ? 'ok' : status;
    this.#end();
  }

  get title(): string {
    const lines = [...this.#lines.values()];
    const failed = lines.filter((line) => line.failed).length;
    const changed = lines.filter((line) => line.changed).length;
    const running = this.status === 'running';
    const facts = [
      running && this.#reached > 0 ? `${this.#reached} of ${count(this.#hosts.length, 'host')}` : '',
      running ? this.#batch : '',
      changed > 0 ? `${changed} of ${count(this.#hosts.length, 'host')} changed` : '',
      failed > 0 ? `${failed} failed` : '',
      this.status === 'skipped' ? 'skipped' : '',
      running ? this.#stopping : this.#progress,
    ];
    return printable([this.#name, ...facts.filter((fact) => fact !== '')].join(' · '));
  }

  /** What the stage waits for. */
  get activity(): string {
    return printable(this.#progress);
  }

  get #allFit(): boolean {
    return this.slots.length === this.#hosts.length;
  }

  #line(host: string): HostLine {
    const known = this.#lines.get(host) ?? new HostLine(host, this.#nowMs);
    this.#lines.set(host, known);
    if (!this.slots.includes(known)) {
      const slot = this.#freeSlot(host);
      if (slot >= 0) this.slots[slot] = known;
    }
    return known;
  }

  /** The host's own place where all fit, else one that nobody has or that nobody needs now; -1 where there is none. */
  #freeSlot(host: string): number {
    if (this.#allFit) return this.#hosts.indexOf(host);
    const empty = this.slots.indexOf(undefined);
    return empty >= 0 ? empty : this.slots.findIndex((line) => line !== undefined && !line.busy && !line.failed);
  }
}
