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

  /** Kills all processes that a failed test has left. They would keep jest from ending. */
  static async killAll(): Promise<void> {
    await Promise.all([...LaunchedProcess.#running].map((one) => one.kill()));
  }

  /** What was printed so far: `out` is for a person at the terminal, `err` is the log. */
  out = '';
  err = '';
  readonly #child: ChildProcess;
  readonly #launched = performance.now();

  /** Starts the bundle of a service. `service` is the name of its folder in services/. */
  constructor(
    private readonly service: string,
    env: Readonly<Record<string, string>>,
  ) {
    const main = path.join(__dirname, '../../dist', `${service}.js`);
    // Without the environment of the test, whose loader hook would make the process run from the sources.
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

  /** Gives the last word of the ready line, and the time since the launch. Rejects with the output if none comes. */
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

  /** Waits for a start that must fail to end. Kills the process if it becomes ready. */
  async refusal(): Promise<{ code: number | null; output: string }> {
    const look = () => {
      if (READY.test(this.out)) this.#child.kill('SIGKILL');
    };
    this.#child.stdout?.on('data', look);
    look();
    const code = await this.#closed(START_MS_MAX);
    return { code, output: this.out + this.err };
  }

  /** Ends the process gracefully, and gives the exit code; null if it had to be killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const end = this.#closed(STOP_MS_MAX);
    this.#child.kill(signal);
    return end;
  }

  /** Ends the process at once, as a power cut would, except that the page cache survives. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  /** Suspends the process. Its connections stay open, but get no answer. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Waits for the end and gives the exit code. Kills the process after `ms`. */
  async #closed(ms: number): Promise<number | null> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), ms);
    const [code] = (await once(this.#child, 'close')) as [number | null];
    clearTimeout(timer);
    return code;
  }
}
