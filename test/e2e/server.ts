import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const MAIN = path.join(__dirname, '../../dist/services/standalone/src/main.js');
const READY = /^ready .*?(\S+)\n/m;
const START_MS_MAX = 30_000;
/** The contract gives a server 25 s to end. */
const STOP_MS_MAX = 30_000;

export interface StartOptions {
  /** Default: a new directory. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Refusal {
  /** Null: it had to be killed. */
  readonly code: number | null;
  /** All that was printed, on both streams. */
  readonly output: string;
}

/** The built server in a process of its own, reached from outside like by any client. */
export class Server {
  private constructor(
    readonly url: string,
    readonly dataDir: string,
    /** From the start of the process to its ready line. */
    readonly readyMs: number,
    private readonly process: ChildProcess,
    private readonly output: { out: string; err: string },
  ) {}

  /** Starts and waits for the `ready` line; rejects with what was printed when it does not come. */
  static async start({ dataDir = newDataDir(), env = {} }: StartOptions = {}): Promise<Server> {
    const started = performance.now();
    const { child, output } = launch(dataDir, env);
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}\n${output.out}\n${output.err}`));
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        fail('Not ready in time');
      }, START_MS_MAX);
      child.stdout.on('data', () => {
        const match = READY.exec(output.out);
        if (!match?.[1]) return;
        clearTimeout(timer);
        resolve(match[1]);
      });
      child.on('close', (code) => {
        clearTimeout(timer);
        fail(`Ended with code ${code} before it was ready`);
      });
    });
    return new Server(url, dataDir, performance.now() - started, child, output);
  }

  /** For starts that must be refused: waits for the end, or ends what has become ready after all. */
  static async startRefused({ dataDir, env = {} }: StartOptions & { dataDir: string }): Promise<Refusal> {
    const { child, output } = launch(dataDir, env);
    child.stdout.on('data', () => {
      if (READY.test(output.out)) child.kill('SIGKILL');
    });
    const code = await closed(child, START_MS_MAX);
    return { code, output: output.out + output.err };
  }

  /** The key that the first start made. */
  get apiKey(): string {
    return readFileSync(path.join(this.dataDir, 'first-api-key'), 'utf8').trim();
  }

  /** All that was printed so far, logs included. */
  get printed(): string {
    return this.output.out + this.output.err;
  }

  /** What a person sees at the terminal. */
  get screen(): string {
    return this.output.out;
  }

  get logs(): string {
    return this.output.err;
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Ends it in order; gives the exit code. Null: it had to be killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    return this.end(signal);
  }

  /** Ends it as a power cut would, but for the page cache. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Stops it and removes its data. */
  async discard(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode;
    const end = closed(this.process, STOP_MS_MAX);
    this.process.kill(signal);
    return end;
  }
}

export function newDataDir(): string {
  return mkdtempSync(path.join(tmpdir(), 'hklst-e2e-'));
}

/** The exit code; after `ms` the process is killed. */
async function closed(child: ChildProcess, ms: number): Promise<number | null> {
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return code;
}

function launch(dataDir: string, env: Readonly<Record<string, string>>) {
  // Not our own environment: the tests' loader hook would make the server run from the sources.
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: tmpdir() };
  const child = spawn(process.execPath, [MAIN], {
    env: { ...inherited, DATA_DIR: dataDir, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.err += text));
  return { child, output };
}
