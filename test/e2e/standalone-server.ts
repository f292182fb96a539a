import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { EmbeddedData } from './embedded-data';
import { LaunchedProcess } from './launched-process';
import {
  newDataDir,
  type Refusal,
  type RunningServer,
  type StartOptions,
  type StoredData,
} from './running-server';

/** A server of one process on embedded stores. */
export class StandaloneServer implements RunningServer {
  private constructor(
    readonly url: string,
    readonly dataDir: string,
    readonly readyMs: number,
    private readonly process: LaunchedProcess,
  ) {}

  static async start({ dataDir = newDataDir(), env = {} }: StartOptions = {}): Promise<RunningServer> {
    const process = launch(dataDir, env);
    const { url, readyMs } = await process.ready();
    return new StandaloneServer(url, dataDir, readyMs, process);
  }

  static startRefused({ dataDir, env = {} }: StartOptions & { dataDir: string }): Promise<Refusal> {
    return launch(dataDir, env).refusal();
  }

  get apiKey(): string {
    return readFileSync(path.join(this.dataDir, 'first-api-key'), 'utf8').trim();
  }

  get printed(): string {
    return this.process.out + this.process.err;
  }

  get screen(): string {
    return this.process.out;
  }

  get logs(): string {
    return this.process.err;
  }

  get stored(): StoredData {
    return new EmbeddedData(this.dataDir);
  }

  get pid(): number {
    return this.process.pid;
  }

  stop(signal?: NodeJS.Signals): Promise<number | null> {
    return this.process.stop(signal);
  }

  kill(): Promise<void> {
    return this.process.kill();
  }

  async discard(): Promise<void> {
    await this.process.kill();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

function launch(dataDir: string, env: Readonly<Record<string, string>>): LaunchedProcess {
  return new LaunchedProcess('standalone', { DATA_DIR: dataDir, PORT: '0', ...env });
}
