import { Rig } from '../split/rig';
import { type Refusal, type RunningServer, type StartOptions } from './running-server';
import { StandaloneServer } from './standalone-server';

export { newDataDir, type Refusal } from './running-server';
export type Server = RunningServer;

interface ServerKind {
  /** Starts and waits for the `ready` line; rejects with what was printed when it does not come. */
  start(options?: StartOptions): Promise<Server>;
  /** For starts that must be refused: waits for the end, or ends what has become ready after all. */
  startRefused(options: StartOptions & { dataDir: string }): Promise<Refusal>;
}

const isSplit = process.env['HKLST_E2E'] === 'split';

/**
 * Whether times say something about the code. Where five processes and the engines share two cores with the test, they
 * tell of the machine; the run on one process measures.
 */
export const measuresTime = !isSplit;

/** A test that does nothing but measure; `npm run test:e2e:split` names those that it leaves out. */
export const measured = (title: string, test: () => Promise<void>): void => {
  if (measuresTime) it(title, test);
};

/** One process on embedded stores, or with `npm run test:e2e:split` five on the engines. */
export const Server: ServerKind = isSplit ? Rig : StandaloneServer;
