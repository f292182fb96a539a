import {
  newDataDir,
  type Refusal,
  type RunningServer,
  type StartOptions,
  type StoredData,
} from '../e2e/running-server';
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
    await rig.startAll();
    return new SplitServer(rig, performance.now() - started);
  }

  /** What the first process says that refuses; a setting may be one's that others do not read. */
  static async startRefused({ dataDir, env = {} }: StartOptions & { dataDir: string }): Promise<Refusal> {
    const rig = await Rig.prepare({ dataDir, env });
    try {
      const refusals = rig.processes.map((process) => process.launch().refusal());
      const refused = refusals.map(async (refusal) => {
        if ((await refusal).code === null) throw new Error('It became ready');
        return refusal;
      });
      return await Promise.any(refused).catch(() => refusals[0] ?? { code: null, output: '' });
    } finally {
      await rig.kill();
    }
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

  get stored(): StoredData {
    return this.rig.stored;
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
