import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';

const READY = /^ready .*?(\S+)\n/m;
const START_MS_MAX = 60_000;
/** The contract gives a process 25 s to end. */
const STOP_MS_MAX = 30_000;

/** A built service as a process of its own. */
export class LaunchedProcess {
  static readonly #running = new Set<LaunchedProcess>();

  /** For the end of a test that failed halfway: its processes would keep jest from ending. */
  static async killAll(): Promise<void> {
    await Promise.all([...LaunchedProcess.#running].map((one) => one.kill()));
  }

  /** All that was printed so far: what a person sees, and the log. */
  out = '';
  err = '';
  readonly #child: ChildProcess;
  readonly #launched = performance.now();

  /** `service` is the name of a folder in services; its bundle is what runs. */
  constructor(
    private readonly service: string,
    env: Readonly<Record<string, string>>,
  ) {
    const main = path.join(__dirname, '../../dist', `${service}.js`);
    // Not our own environment: the tests' loader hook would make it run from the sources.
    const inherited = { PATH: process.env['PATH'] ?? '', HOME: tmpdir() };
    const child = spawn(process.execPath, [main], {
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.#child = child;
    LaunchedProcess.#running.add(this);
    child.once('close', () => LaunchedProcess.#running.delete(this));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What the ready line ends with, and the time since the launch; rejects with what was printed when it does not come. */
  async ready(): Promise<{ url: string; readyMs: number }> {
    const { service } = this;
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}\n${this.out}\n${this.err}`));
      const look = () => {
        const [, found] = READY.exec(this.out) ?? [];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#child.kill('SIGKILL');
        fail(`${service} is not ready in time`);
      }, START_MS_MAX);
      this.#child.stdout?.on('data', look);
      this.#child.on('close', (code) => {
        clearTimeout(timer);
        fail(`${service} ended with code ${code} before it was ready`);
      });
      look();
    });
    return { url, readyMs: performance.now() - this.#launched };
  }

  /** For starts that must be refused: waits for the end, or ends what has become ready after all. */
  async refusal(): Promise<{ code: number | null; output: string }> {
    const look = () => {
      if (READY.test(this.out)) this.#child.kill('SIGKILL');
    };
    this.#child.stdout?.on('data', look);
    look();
    const code = await this.#closed(START_MS_MAX);
    return { code, output: this.out + this.err };
  }

  /** Ends it in order; gives the exit code. Null: it had to be killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const end = this.#closed(STOP_MS_MAX);
    this.#child.kill(signal);
    return end;
  }

  /** Ends it as a power cut would, but for the page cache. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  /** Its connections stay open, and nothing answers. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** The exit code; after `ms` the process is killed. */
  async #closed(ms: number): Promise<number | null> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), ms);
    const [code] = (await once(this.#child, 'close')) as [number | null];
    clearTimeout(timer);
    return code;
  }
}
