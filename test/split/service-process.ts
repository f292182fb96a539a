import { LaunchedProcess } from '../e2e/launched-process';

/** A process of a service that a test can kill, pause, and start again with the same settings. */
export class ServiceProcess {
  #process: LaunchedProcess | undefined;
  /** The output of the earlier processes. */
  #printed = { out: '', err: '' };

  constructor(
    readonly service: string,
    readonly env: Readonly<Record<string, string>>,
  ) {}

  get out(): string {
    return this.#printed.out + (this.#process?.out ?? '');
  }

  get err(): string {
    return this.#printed.err + (this.#process?.err ?? '');
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts the process without waiting until it can serve. */
  launch(): LaunchedProcess {
    this.#printed = { out: this.out, err: this.err };
    this.#process = new LaunchedProcess(this.service, this.env);
    return this.#process;
  }

  /** Starts the process, waits until it can serve, and gives the last word of its ready line. */
  async start(): Promise<string> {
    return (await this.launch().ready()).url;
  }

  async stop(signal?: NodeJS.Signals): Promise<number | null> {
    return (await this.#process?.stop(signal)) ?? null;
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  pause(): void {
    this.#process?.pause();
  }

  resume(): void {
    this.#process?.resume();
  }
}
