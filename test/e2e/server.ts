import { Rig } from '../split/rig';
import { type Refusal, type RunningServer, type StartOptions } from './running-server';
import { StandaloneServer } from './standalone-server';

export { newDataDir, type Refusal } from './running-server';
export type Server = RunningServer;

interface ServerKind {
  /** Starts a server and waits for its `ready` line. Rejects with the output if there is no such line. */
  start(options?: StartOptions): Promise<Server>;
  /** Waits for a start that must fail to end. Kills the server if it becomes ready. */
  startRefused(options: StartOptions & { dataDir: string }): Promise<Refusal>;
}

const isSplit = process.env['HKLST_E2E'] === 'split';

/**
 * True if measured times say something about the code. With five processes, the engines and the test on two cores they
 * would depend on the machine, so only the run on one process measures.
 */
export const measuresTime = !isSplit;

/** Defines a test that only measures time. `npm run test:e2e:split` leaves such tests out, and prints their titles. */
export const measured = (title: string, test: () => Promise<void>): void => {
  if (measuresTime) it(title, test);
};

/** One process on embedded stores; with `npm run test:e2e:split`, five processes on the engines. */
export const Server: ServerKind = isSplit ? Rig : StandaloneServer;
