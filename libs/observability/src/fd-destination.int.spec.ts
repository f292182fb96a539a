import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FdDestination } from './fd-destination';

/** Reads what is there, for at most ten seconds, until `done` is satisfied by all that was read. */
async function readUntil(fd: number, done: (text: string) => boolean): Promise<string> {
  const buffer = Buffer.alloc(65_536);
  let text = '';
  for (let waits = 0; waits < 1_000;) {
    try {
      text += buffer.toString('latin1', 0, readSync(fd, buffer));
    } catch {
      if (done(text)) return text;
      waits++;
      await pause(10);
    }
  }
  return text;
}

describe('FdDestination', () => {
  let directory: string;
  let fd: number;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fd-destination-'));
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  });

  afterEach(() => {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });

  it('keeps the lines and their order while the reader is slow', async () => {
    const destination = new FdDestination(fd);
    const lines = Array.from({ length: 10_000 }, (_, i) => `${i} ${'x'.repeat(40)}\n`);
    for (const line of lines) {
      destination.write(line);
      // Let writes begin, so that some find the pipe full.
      if (line.startsWith('1000 ') || line.startsWith('5000 ')) await pause(60);
    }
    expect(await readUntil(fd, (text) => text.length >= lines.join('').length)).toBe(lines.join(''));
  });

  it('loses lines, not the memory, when nobody reads', async () => {
    const destination = new FdDestination(fd, 50_000);
    const line = `${'x'.repeat(9_999)}\n`;
    for (let i = 0; i < 100; i++) destination.write(line);
    const first = await readUntil(fd, (text) => text.length >= 5 * line.length);
    destination.write('last\n');
    const rest = await readUntil(fd, (text) => text.endsWith('last\n'));
    expect(first + rest).toBe(`${line.repeat(5)}last\n`);
  });
});
