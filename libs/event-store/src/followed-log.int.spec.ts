import { EventStoreDouble } from '#libs/testing';
import { newCommandId } from '#libs/kernel';
import { openEsdbEventStore } from './esdb/esdb-event-store';
import { eventMetadata } from './event-metadata';
import type { EventStore, RecordedEvent } from './event-store';
import { FollowedLog } from './followed-log';
import { StreamFolds } from './stream-folds';

const orgId = 'org_01';
const stream = `secret-${orgId}.sec_01`;
const fold = { initial: '', evolve: (state: string, { type }: RecordedEvent) => state + type };

let double: EventStoreDouble;
let ours: EventStore;
let theirs: EventStore;
let end: AbortController;
let following: Promise<void>;
let folds: StreamFolds<string>;
let reads: number;

async function append(type: string, to = stream): Promise<void> {
  const caller = { orgId, actorType: 'key', actorId: 'key_01' };
  const at = new Date().toISOString();
  const metadata = eventMetadata({ caller, commandId: newCommandId(new Date()), correlationId: 'one', at, producer: 'test' }); // prettier-ignore
  const [last] = await theirs.read({ orgId, stream: to, direction: 'backwards', limit: 1 });
  const expected = last ? { revision: last.revision } : ('no stream' as const);
  await theirs.append({ orgId, stream: to, events: [{ type, data: {} }], expected, metadata });
}

const state = async () => (await folds.of({ orgId, stream })).state;

beforeEach(async () => {
  double = await EventStoreDouble.start();
  ours = openEsdbEventStore(double.url);
  theirs = openEsdbEventStore(double.url);
  await append('A');
  end = new AbortController();
  reads = 0;
  const log = new FollowedLog(ours);
  const store: Pick<EventStore, 'read'> = {
    read: (request) => {
      reads += 1;
      return ours.read(request);
    },
  };
  folds = new StreamFolds(store, fold, log);
  const { signal } = end;
  following = new Promise((resolve, reject) => {
    void (async () => {
      const request = { after: null, categories: ['secret'], types: ['A'], signal };
      for await (const batch of log.subscribe(request)) if (batch.caughtUp) resolve();
    })().catch(reject);
  });
  await following;
});

afterEach(async () => {
  end.abort();
  await Promise.all([ours.close(), theirs.close()]);
  await double.stop();
});

describe('FollowedLog on EventStoreDB', () => {
  it('lets a fold show what another process has just written, without reading the stream again', async () => {
    let expected = 'A';
    expect(await state()).toBe(expected);
    const before = reads;
    for (const type of 'BCDEFGHIJKLMNOP') {
      await append(type);
      expected += type;
      expect(await state()).toBe(expected);
    }
    expect(reads - before).toBe(0);
  });

  it('is current behind events of other streams', async () => {
    expect(await state()).toBe('A');
    const before = reads;
    for (const n of [1, 2, 3]) {
      await append('X', `access-${orgId}.${n}`);
      expect(await state()).toBe('A');
    }
    expect(reads - before).toBe(0);
  });

  it('shows what was written while nothing arrives, and goes on with the next subscription', async () => {
    expect(await state()).toBe('A');
    double.muteSubscriptions();
    await append('B');
    expect(await state()).toBe('AB');
    await append('C');
    expect(await state()).toBe('ABC');
  });
});
