import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newDataDir, type Refusal, type RunningServer, type StartOptions } from '../e2e/running-server';
import { identityOf } from './certificates';
import { EngineData } from './engine-data';
import { freePort } from './free-port';
import { endEngines, startEngines, type RigEngines } from './rig-engines';
import { ServiceProcess } from './service-process';

type ServiceName = 'access' | 'secrets-command' | 'secrets-query' | 'audit-relay';

/** `dataDir`: what an earlier rig left there is taken up again. `env`: further settings, for every process. */
interface RigOptions extends StartOptions {
  /** How many processes of a service. Default: one of each. */
  readonly counts?: Partial<Record<ServiceName, number>>;
  /** MongoDB and Kafka of its own, to kill, pause and restart. Default false: shared with other rigs. */
  readonly ownEngines?: boolean;
}

/**
 * A split installation: the services as processes that speak mutual TLS, on the engines. Every part has a handle, and
 * all together have the face of one server.
 */
export class Rig implements RunningServer {
  readyMs = 0;

  private constructor(
    readonly dataDir: string,
    readonly engines: RigEngines,
    readonly services: Readonly<Record<ServiceName, readonly ServiceProcess[]>>,
    /** Where each listening service listens, as the gateway is told it. */
    readonly urls: Readonly<Record<string, string>>,
    readonly gateway: ServiceProcess,
  ) {}

  /** Starts the engines; the services are there to be launched. */
  static async prepare({
    dataDir = newDataDir(),
    env = {},
    counts,
    ownEngines = false,
  }: RigOptions = {}): Promise<Rig> {
    const engines = await startEngines(dataDir, ownEngines);
    const settings = { DATA_DIR: dataDir, ...rootKeyIn(dataDir), ...engines.env, ...env };
    const urls: Record<string, string> = {};
    const processesOf = async (service: ServiceName): Promise<ServiceProcess[]> => {
      const ports = await Promise.all(Array.from({ length: counts?.[service] ?? 1 }, () => freePort()));
      const listen = ports.map((port) => `tcp://127.0.0.1:${port}`);
      const isListening = service !== 'audit-relay';
      if (isListening) urls[urlSettingOf(service)] = listen.join(',');
      const own = isListening ? { ...settings, ...identityOf(service) } : withoutKeysAndFiles(settings);
      return listen.map((LISTEN) => new ServiceProcess(service, { ...own, LISTEN }));
    };
    const services = {
      access: await processesOf('access'),
      'secrets-command': await processesOf('secrets-command'),
      'secrets-query': await processesOf('secrets-query'),
      'audit-relay': await processesOf('audit-relay'),
    };
    return new Rig(dataDir, engines, services, urls, await gatewayOf({ ...urls, ...env }));
  }

  static async start(options?: RigOptions): Promise<Rig> {
    const rig = await Rig.prepare(options);
    await rig.startAll();
    return rig;
  }

  /** What the first process says that refuses; a setting may be one's that others do not read. */
  static async startRefused(options: StartOptions): Promise<Refusal> {
    const rig = await Rig.prepare(options);
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
    const { PORT = '', TLS_CERT_FILE } = this.gateway.env;
    return `${TLS_CERT_FILE === undefined ? 'http' : 'https'}://127.0.0.1:${PORT}`;
  }

  get stored(): EngineData {
    return new EngineData(this.dataDir, this.engines.env);
  }

  get apiKey(): string {
    return readFileSync(path.join(this.dataDir, 'first-api-key'), 'utf8').trim();
  }

  get printed(): string {
    return this.screen + this.logs;
  }

  get screen(): string {
    return this.processes.map(({ out }) => out).join('');
  }

  get logs(): string {
    return this.processes.map(({ err }) => err).join('');
  }

  /** The one that faces the network. */
  get pid(): number {
    return this.gateway.pid;
  }

  /** The gateway comes first: were another killed before it, the gateway would still answer 503. */
  get processes(): readonly ServiceProcess[] {
    return [this.gateway, ...Object.values(this.services).flat()];
  }

  /** All at once, in whatever order they come up. When one does not come up, all are killed. */
  async startAll(): Promise<void> {
    const started = performance.now();
    try {
      await Promise.all(this.processes.map((process) => process.start()));
      this.readyMs = performance.now() - started;
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** The gateway first, so that what it has accepted is still answered. */
  async stop(signal?: NodeJS.Signals): Promise<number | null> {
    const gateway = await this.gateway.stop(signal);
    const others = Object.values(this.services).flat();
    const codes = [gateway, ...(await Promise.all(others.map((process) => process.stop(signal))))];
    await endEngines(this.engines);
    return codes.every((code) => code === 0) ? 0 : (codes.find(Boolean) ?? null);
  }

  /** Everything at the same moment, the engines that are its own included. */
  async kill(): Promise<void> {
    await Promise.all([...this.processes.map((process) => process.kill()), endEngines(this.engines)]);
  }

  async discard(): Promise<void> {
    await this.kill();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** `SECRETS_QUERY_URL` for secrets-query. */
function urlSettingOf(service: string): string {
  return `${service.replace('-', '_').toUpperCase()}_URL`;
}

/** One more gateway, at the given addresses of services. */
export async function gatewayOf(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const port = String(await freePort());
  return new ServiceProcess('api-gateway', { PORT: port, ...env, ...identityOf('api-gateway') });
}

/** What the relay has in its container: it opens nothing, and no folder takes a file. */
function withoutKeysAndFiles(settings: Readonly<Record<string, string>>): Record<string, string> {
  const withheld = ['KEY_STORE_URL', 'ROOT_KEY_FILE'];
  const others = Object.entries(settings).filter(([name]) => !withheld.includes(name));
  return { ...Object.fromEntries(others), DATA_DIR: '/proc/nowhere' };
}

/** The same for all services: they share the key store. */
function rootKeyIn(dataDir: string): { ROOT_KEY_FILE: string } {
  const file = path.join(dataDir, 'root.key');
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  return { ROOT_KEY_FILE: file };
}
