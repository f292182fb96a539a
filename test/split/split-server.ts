import { newDataDir, type Refusal, type RunningServer, type StartOptions } from '../e2e/running-server';
import { Rig } from './rig';

/** Five processes on the engines, behind the face of one server. */
export class SplitServer implements RunningServer {
  private constructor(
    private readonly rig: Rig,
    readonly readyMs: number,
  ) {}

  static async start({ dataDir = newDataDir(), env = {} }: StartOptions = {}): Promise<RunningServer> {
    const rig = await Rig.prepare({ dataDir, env });
    const started = performance.now();
    try {
      await rig.startAll();
      return new SplitServer(rig, performance.now() - started);
    } catch (error) {
      await rig.kill();
      throw error;
    }
  }

  static startRefused(): Promise<Refusal> {
    throw new Error('Which of five processes refuses to start is asked in test/split');
  }

  get url(): string {
    return this.rig.url;
  }

  get dataDir(): string {
    return this.rig.dataDir;
  }

  get apiKey(): string {
    return this.rig.apiKey;
  }

  get printed(): string {
    return this.screen + this.logs;
  }

  get screen(): string {
    return this.rig.processes.map(({ out }) => out).join('');
  }

  get logs(): string {
    return this.rig.processes.map(({ err }) => err).join('');
  }

  /** The one that faces the network. */
  get pid(): number {
    return this.rig.gateway.pid;
  }

  async stop(signal?: NodeJS.Signals): Promise<number | null> {
    const codes = await this.rig.stop(signal);
    return codes.find((code) => code !== 0) ?? 0;
  }

  kill(): Promise<void> {
    return this.rig.kill();
  }

  discard(): Promise<void> {
    return this.rig.discard();
  }
}
