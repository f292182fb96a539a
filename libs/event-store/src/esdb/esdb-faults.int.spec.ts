import { newCommandId } from '#libs/kernel';
import { EventStoreDouble } from '#libs/testing';
import { eventMetadata } from '../event-metadata';
import type { AppendRequest, EventStore } from '../event-store';
import { openEsdbEventStore } from './esdb-event-store';

const WAIT_MS = 15_000;
const orgId = 'org_01';
const stream = `secret-${orgId}.sec_01`;
const away = { code: 'STORE_UNAVAILABLE' };

function request(expected: AppendRequest['expected']): AppendRequest {
  const caller = { orgId, actorType: 'key', actorId: 'key_01' };
  const at = new Date().toISOString();
  const metadata = eventMetadata({ caller, commandId: newCommandId(new Date()), correlationId: 'one', at, producer: 'test' }); // prettier-ignore
  return { orgId, stream, events: [{ type: 'Tested', data: {} }], expected, metadata };
}

async function until(attempt: () => Promise<unknown>): Promise<void> {
  const giveUpAt = performance.now() + WAIT_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await new Promise((resume) => setTimeout(resume, 20));
    }
  }
}

describe('openEsdbEventStore, when the server', () => {
  jest.setTimeout(60_000);
  let double: EventStoreDouble;
  let store: EventStore;

  beforeEach(async () => {
    double = await EventStoreDouble.start();
    store = openEsdbEventStore(double.url);
    await store.head();
  });
  afterEach(async () => {
    double.faults.silence(false);
    await store.close();
    await double.stop();
  });

  const msOf = async (work: () => Promise<unknown>) => {
    const started = performance.now();
    await expect(work()).rejects.toMatchObject(away);
    return performance.now() - started;
  };

  it('says nothing any more: tells the first caller after its time, and the next ones within a second', async () => {
    double.faults.silence(true);
    await msOf(() => store.head());
    for (let call = 0; call < 3; call += 1) expect(await msOf(() => store.head())).toBeLessThan(1_000);
    expect(await msOf(() => store.append(request('no stream')))).toBeLessThan(1_500);
    double.faults.silence(false);
    await until(() => store.head());
  });

  it('is slow when it comes back: takes it as it is', async () => {
    double.faults.silence(true);
    await msOf(() => store.head());
    double.faults.answerDelayMs = 700;
    double.faults.silence(false);
    // Nobody waits that long for a store that has just failed; it is back all the same.
    await until(() => store.head());
    for (let call = 0; call < 3; call += 1) await store.head();
    await store.append(request('no stream'));
  });

  it('cuts the connection between an append and its answer: answers for what was written, once', async () => {
    double.faults.cutAfterAppends = 1;
    const appended = await store.append(request('no stream'));
    expect(appended.revision).toBe('0');
    expect(await store.read({ orgId, stream, limit: 10 })).toHaveLength(1);
    double.faults.cutAfterAppends = 1;
    const repeated = request({ revision: '0' });
    const outcomes = [await store.append(repeated), await store.append(repeated)];
    expect(outcomes.map(({ revision }) => revision)).toEqual(['1', '1']);
    expect(await store.read({ orgId, stream, limit: 10 })).toHaveLength(2);
  });
});
