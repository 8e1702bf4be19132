import { Writable } from 'node:stream';

/** A stream that keeps what is written to it, with the size of a terminal. */
export class Screen extends Writable {
  readonly columns = 80;
  readonly rows = 24;
  readonly isTTY = true;
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  /** What stands on the screen in the end: the sequences that erase lines are obeyed. */
  get lines(): string[] {
    const lines = [''];
    for (const part of this.text.split(/(\u001b\[[0-9?]*[A-Za-z]|\n)/)) {
      if (part === '\n') lines.push('');
      else if (part === '\u001b[1A') lines.pop();
      else if (part === '\u001b[2K') lines[lines.length - 1] = '';
      else if (!part.startsWith('\u001b')) lines[lines.length - 1] += part;
    }
    return lines;
  }
}
