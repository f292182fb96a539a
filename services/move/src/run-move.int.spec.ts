import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EventStoreDouble } from '#libs/testing';
import { enginesInstalled, startMongo } from '../../../scripts/engines/index.cjs';
import { moveContract, type NewPlace } from './move.contract';

const onEngines = enginesInstalled() ? describe : describe.skip;

let folder: string;
let mongo: Awaited<ReturnType<typeof startMongo>> | undefined;
const doubles: EventStoreDouble[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'move-'));
  if (enginesInstalled()) mongo = await startMongo({ dataDir: path.join(folder, 'mongo') });
}, 90_000);

afterAll(async () => {
  await mongo?.kill();
  await Promise.all(doubles.map((double) => double.stop()));
  rmSync(folder, { recursive: true });
});

const newDataDir: NewPlace = async () => ({ DATA_DIR: path.join(folder, randomUUID()) });

const newEngines: NewPlace = async () => {
  const double = await EventStoreDouble.start();
  doubles.push(double);
  const database = (name: string) => mongo?.url.replace('/?', `/${name}-${randomUUID().slice(0, 8)}?`) ?? '';
  return { EVENT_STORE_URL: double.url, KEY_STORE_URL: database('keys'), READ_STORE_URL: database('reads') };
};

moveContract('from a data directory to another', newDataDir, newDataDir);

onEngines('on EventStoreDB and MongoDB', () => {
  moveContract('from a data directory to engines', newDataDir, newEngines);
  moveContract('from engines to a data directory', newEngines, newDataDir);
});
