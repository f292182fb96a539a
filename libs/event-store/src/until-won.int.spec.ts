import { AppError, newCommandId } from '#libs/kernel';
import { openTestStores, type TestStores } from '#libs/testing';
import { eventMetadata } from './event-metadata';
import { untilWon } from './until-won';

jest.setTimeout(30_000);

const orgId = 'org_test';
const stream = `thing-${orgId}.one`;

describe('untilWon', () => {
  let stores: TestStores;
  beforeEach(async () => (stores = await openTestStores()));
  afterEach(() => stores.discard());

  /** Appends at the revision that it reads, as every change does. */
  const change = async () => {
    const [last] = await stores.events.read({ orgId, stream, direction: 'backwards', limit: 1 });
    const at = stores.clock.now().toISOString();
    const caller = { orgId, actorType: 'key', actorId: 'key_test' };
    const commandId = newCommandId(stores.clock.now());
    return stores.events.append({
      orgId,
      stream,
      expected: last ? { revision: last.revision } : 'no stream',
      events: [{ type: 'Changed', data: {} }],
      metadata: eventMetadata({ caller, commandId, correlationId: 'test', at, producer: 'test' }),
    });
  };

  it('lets each of many win that change one thing at once', async () => {
    const changes = Array.from({ length: 20 }, () => untilWon(null, change));
    const revisions = (await Promise.all(changes)).map(({ revision }) => Number(revision));
    expect(revisions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it.each([
    ['a lost race of a caller that named a state', '0', 'WRONG_REVISION', 'PRECONDITION_FAILED'],
    ['any other failure', null, 'NOT_FOUND', 'NOT_FOUND'],
  ] as const)('tries once after %s', async (_, ifRevision, code, told) => {
    const attempt = jest.fn(() => Promise.reject(new AppError(code)));
    await expect(untilWon(ifRevision, attempt)).rejects.toMatchObject({ code: told });
    expect(attempt).toHaveBeenCalledTimes(1);
  });
});
