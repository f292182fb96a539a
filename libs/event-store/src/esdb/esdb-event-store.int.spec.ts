import { newCommandId } from '#libs/kernel';
import { EventStoreDouble } from '#libs/testing';
import { eventMetadata } from '../event-metadata';
import { eventStoreContract, type OpenedEventStore } from '../event-store.contract';
import { openEsdbEventStore } from './esdb-event-store';

const opened = (url: string, stop: () => Promise<void>): OpenedEventStore => {
  let store = openEsdbEventStore(url);
  return {
    store,
    reopen: async () => {
      await store.close();
      return (store = openEsdbEventStore(url));
    },
    close: async () => {
      await store.close();
      await stop();
    },
  };
};

eventStoreContract('openEsdbEventStore on the double', async () => {
  const double = await EventStoreDouble.start();
  return opened(double.url, () => double.stop());
});

/** A real server, shared with whatever else is in it. */
const given = process.env['TEST_EVENT_STORE_URL'];
if (given !== undefined)
  eventStoreContract('openEsdbEventStore on the server of TEST_EVENT_STORE_URL', async () =>
    opened(given, async () => undefined),
  );

describe('openEsdbEventStore with a retention', () => {
  const DAY_SECONDS = 24 * 60 * 60;
  const daysAgo = (days: number) => new Date(Date.now() - days * DAY_SECONDS * 1000 - 60_000).toISOString();

  it.each([
    ['now', 0, 30],
    ['within its first two days', 1, 30],
    ['ten days after it occurred, which counts', 10, 21],
    ['when its time is over', 99, 1],
  ])('lets an event age out that is appended %s', async (_, days, left) => {
    const double = await EventStoreDouble.start();
    const store = openEsdbEventStore(double.url, { retention: { category: 'access', days: 30 } });
    const orgId = 'org_01';
    const stream = `access-${orgId}.20250101`;
    const caller = { orgId, actorType: 'key', actorId: 'key_01' };
    const metadata = eventMetadata({ caller, commandId: newCommandId(new Date()), correlationId: 'one', at: daysAgo(days), producer: 'test' }); // prettier-ignore
    await store.append({ orgId, stream, events: [{ type: 'Tested', data: {} }], expected: 'any', metadata });
    expect(double.log.metadata(stream)).toEqual({ $maxAge: left * DAY_SECONDS });
    await store.close();
    await double.stop();
  });
});
