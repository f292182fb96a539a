export interface EngineOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Data, settings and log (`server.log`). What an earlier start left there is taken up again. */
  readonly dataDir: string;
  /** Default false: the server ends when the process that started it exits (not when that is killed). */
  readonly outlives?: boolean;
}

/** The promises settle when what they ask for has happened; stopping what has ended does nothing. */
export interface Engine {
  /** Changes with a restart. */
  readonly pid: number;
  /** SIGTERM, and SIGKILL after 20 seconds. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. The MongoDB server may reset them when it goes on. */
  pause(): boolean;
  /** SIGCONT. */
  resume(): boolean;
  /** Starts it again, on the same port and data; stops it first if it runs. */
  restart(): Promise<void>;
}

/** The command that reads compose files as docker compose does; undefined when it is not installed. */
export function composeCheck(): string | undefined;
/** Whether both engines are installed, so that they can be started. */
export function enginesInstalled(): boolean;
/** The double of EventStoreDB, which needs nothing installed. `control` works one of the switches in its main.ts. */
export function startEventStore(
  options: EngineOptions,
): Promise<Engine & { readonly url: string; control(fault: string, value?: number): Promise<void> }>;
/** Throws when the engine is not installed or does not come up within a minute. */
export function startKafka(options: EngineOptions): Promise<Engine & { readonly brokers: string }>;
/** Throws when the engine is not installed or does not come up within a minute. */
export function startMongo(
  options: EngineOptions & {
    /** Default false: whoever connects may do everything. True: who logs in, and what the login's roles allow. */
    readonly auth?: boolean;
  },
): Promise<Engine & { readonly url: string }>;
