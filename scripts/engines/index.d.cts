export interface EngineOptions {
  /** The default is a free port. */
  readonly port?: number;
  /** The folder for data, settings and log (`server.log`). A later start uses what an earlier one left there. */
  readonly dataDir: string;
  /** By default the server ends when the process that started it exits (but not when that process is killed). */
  readonly outlives?: boolean;
}

/** The promises resolve when the action is complete. To stop a server that has ended does nothing. */
export interface Engine {
  /** The process id, which changes with a restart. */
  readonly pid: number;
  /** Sends SIGTERM, and SIGKILL after 20 seconds. */
  stop(): Promise<void>;
  /** Sends SIGKILL. */
  kill(): Promise<void>;
  /** Sends SIGSTOP: connections stay open and nothing answers. The MongoDB server may reset them when it goes on. */
  pause(): boolean;
  /** Sends SIGCONT. */
  resume(): boolean;
  /** Stops the server if it runs, and starts it again on the same port and data. */
  restart(): Promise<void>;
}

/** Gives the command that reads compose files as docker compose does; undefined when it is not installed. */
export function composeCheck(): string | undefined;
/** Tells whether both engines are installed. */
export function enginesInstalled(): boolean;
/**
 * Starts the double of EventStoreDB, which needs no installation. `control` sets one of the switches in its main.ts.
 */
export function startEventStore(
  options: EngineOptions,
): Promise<Engine & { readonly url: string; control(fault: string, value?: number): Promise<void> }>;
/** Throws when the engine is not installed or does not come up within a minute. */
export function startKafka(options: EngineOptions): Promise<Engine & { readonly brokers: string }>;
/** Throws when the engine is not installed or does not come up within a minute. */
export function startMongo(
  options: EngineOptions & {
    /**
     * By default every client may do everything. With `auth`, clients must log in and have the rights of their login's
     * roles.
     */
    readonly auth?: boolean;
  },
): Promise<Engine & { readonly url: string }>;
