import { SplitServer } from '../split/split-server';
import { type Refusal, type RunningServer, type StartOptions } from './running-server';
import { StandaloneServer } from './standalone-server';

export { newDataDir, type Refusal, type StartOptions } from './running-server';
export type Server = RunningServer;

interface ServerKind {
  /** Starts and waits for the `ready` line; rejects with what was printed when it does not come. */
  start(options?: StartOptions): Promise<Server>;
  /** For starts that must be refused: waits for the end, or ends what has become ready after all. */
  startRefused(options: StartOptions & { dataDir: string }): Promise<Refusal>;
}

/** One process on embedded stores, or with `npm run test:e2e:split` five on the engines. */
export const Server: ServerKind = process.env['HKLST_E2E'] === 'split' ? SplitServer : StandaloneServer;
