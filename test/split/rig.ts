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

/** `dataDir` may be that of an earlier rig, whose data is used again. `env` are further settings of every process. */
interface RigOptions extends StartOptions {
  /** The number of processes of each service. Default 1. */
  readonly counts?: Partial<Record<ServiceName, number>>;
  /** True: MongoDB and Kafka belong to this rig, so that a test can kill, pause and restart them. Default false. */
  readonly ownEngines?: boolean;
}

/**
 * A split installation: each service in processes of its own, with mutual TLS, on the engines. A test can use it as one
 * server, and can kill or restart each part.
 */
export class Rig implements RunningServer {
  readyMs = 0;

  private constructor(
    readonly dataDir: string,
    readonly engines: RigEngines,
    readonly services: Readonly<Record<ServiceName, readonly ServiceProcess[]>>,
    /** The addresses of the services, as settings of the gateway. */
    readonly urls: Readonly<Record<string, string>>,
    readonly gateway: ServiceProcess,
  ) {}

  /** Starts the engines, but not the services. */
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

  /** Gives the output of the first process that refuses to start. Not every process reads every setting. */
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

  /** The process id of the gateway. */
  get pid(): number {
    return this.gateway.pid;
  }

  /** The gateway comes first, so that `kill` kills it first. It would otherwise answer 503 for a killed service. */
  get processes(): readonly ServiceProcess[] {
    return [this.gateway, ...Object.values(this.services).flat()];
  }

  /** Starts all services at the same time. If one does not become ready, it kills all and fails. */
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

  /** Stops the gateway first, so that requests it has accepted are still answered. Gives 0 if all exit codes are 0. */
  async stop(signal?: NodeJS.Signals): Promise<number | null> {
    const gateway = await this.gateway.stop(signal);
    const others = Object.values(this.services).flat();
    const codes = [gateway, ...(await Promise.all(others.map((process) => process.stop(signal))))];
    await endEngines(this.engines);
    return codes.every((code) => code === 0) ? 0 : (codes.find(Boolean) ?? null);
  }

  /** Kills all services and the rig's own engines at the same time. */
  async kill(): Promise<void> {
    await Promise.all([...this.processes.map((process) => process.kill()), endEngines(this.engines)]);
  }

  async discard(): Promise<void> {
    await this.kill();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Gives `SECRETS_QUERY_URL` for secrets-query. */
function urlSettingOf(service: string): string {
  return `${service.replace('-', '_').toUpperCase()}_URL`;
}

/** Gives a further gateway with these settings, such as the addresses of the services. */
export async function gatewayOf(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const port = String(await freePort());
  return new ServiceProcess('api-gateway', { PORT: port, ...env, ...identityOf('api-gateway') });
}

/** Gives the settings of a relay in its container, which has no key and no folder that it may write to. */
function withoutKeysAndFiles(settings: Readonly<Record<string, string>>): Record<string, string> {
  const withheld = ['KEY_STORE_URL', 'ROOT_KEY_FILE'];
  const others = Object.entries(settings).filter(([name]) => !withheld.includes(name));
  return { ...Object.fromEntries(others), DATA_DIR: '/proc/nowhere' };
}

/** Gives the root key of all services, which share the key store. Makes it if there is none. */
function rootKeyIn(dataDir: string): { ROOT_KEY_FILE: string } {
  const file = path.join(dataDir, 'root.key');
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  return { ROOT_KEY_FILE: file };
}
