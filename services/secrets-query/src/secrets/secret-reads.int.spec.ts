import { FollowedLog, type EventStore, type RecordedEvent } from '#libs/event-store';
import { intercepted, openTestStores, someSecret, type TestStores } from '#libs/testing';
import { secretList, SECRETS } from './secret-list.projection';
import { SecretReads } from './secret-reads';

const orgId = 'org_test';
const { id } = someSecret;

let stores: TestStores;
let asked: number;
let end: AbortController;

/** Follows the stores' log; `note` is what it would tell of an event. */
async function followed() {
  const log = new FollowedLog(stores.events);
  let note = (_: RecordedEvent): void => undefined;
  const { listen } = log;
  log.listen = (listener) => {
    note = (event) => listener.note(event);
    listen.call(log, listener);
  };
  const reads = readsOf(log);
  const request = { after: null, categories: [], types: [], signal: end.signal };
  const subscription = log.subscribe(request)[Symbol.asyncIterator]();
  await subscription.next();
  const isRead = (readAt: string, organization = orgId) =>
    note({ type: 'SecretRead', data: { secretId: id, readAt }, metadata: { orgId: organization } } as unknown as RecordedEvent); // prettier-ignore
  return { reads, isRead, subscription };
}

function readsOf(log?: FollowedLog): SecretReads {
  const get: TestStores['reads']['get'] = (...place) => {
    asked += 1;
    return stores.reads.get(...place);
  };
  return new SecretReads(intercepted(stores.reads, { get }), log);
}

beforeEach(async () => {
  stores = await openTestStores();
  asked = 0;
  end = new AbortController();
  for (const spec of secretList.collections) await stores.reads.ensureCollection(spec);
  const fence = Number(await stores.reads.acquireLease('test', 'holder', 60_000));
  const document = { ...someSecret, orgId, deleted: 0 };
  const put = { kind: 'put', collection: SECRETS, document, revision: '0' } as const;
  const advance = {
    kind: 'advance',
    collection: SECRETS,
    id,
    field: 'lastReadAt',
    to: '2026-01-02',
  } as const;
  await stores.reads.project('test', [put, advance], '1', fence);
  await appendOne(stores.events);
});
afterEach(async () => {
  end.abort();
  await stores.discard();
});

async function appendOne(events: EventStore): Promise<void> {
  const metadata = { orgId, commandId: 'one' } as RecordedEvent['metadata'];
  const stream = `access-${orgId}.20260101`;
  await events.append({ orgId, stream, events: [{ type: 'AccessRefused', data: {} }], expected: 'any', metadata }); // prettier-ignore
}

describe('SecretReads', () => {
  it('asks the read store each time where the log is not followed, and tells nothing to other organizations', async () => {
    const reads = readsOf();
    expect(await reads.lastReadAt(orgId, id)).toBe('2026-01-02');
    expect(await reads.lastReadAt(orgId, id)).toBe('2026-01-02');
    expect(await reads.lastReadAt('org_other', id)).toBeNull();
    expect(asked).toBe(3);
  });

  it('asks once where the log is followed, and knows later reads from it', async () => {
    const { reads, isRead } = await followed();
    expect(await reads.lastReadAt(orgId, id)).toBe('2026-01-02');
    isRead('2026-01-03');
    isRead('2026-01-01');
    isRead('2026-01-04', 'org_other');
    expect(await reads.lastReadAt(orgId, id)).toBe('2026-01-03');
    expect(asked).toBe(1);
  });

  it('lets no older answer of the read store take the place of what it heard meanwhile', async () => {
    const { reads, isRead } = await followed();
    const asking = reads.lastReadAt(orgId, id);
    isRead('2026-01-05');
    expect(await asking).toBe('2026-01-05');
  });

  it('asks again once the log is followed no longer', async () => {
    const { reads, subscription } = await followed();
    await reads.lastReadAt(orgId, id);
    end.abort();
    await subscription.next();
    await reads.lastReadAt(orgId, id);
    expect(asked).toBe(2);
  });
});
