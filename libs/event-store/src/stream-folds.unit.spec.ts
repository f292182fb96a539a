import type { RecordedEvent, ReadRequest } from './event-store';
import type { FollowedLog } from './followed-log';
import { StreamFolds } from './stream-folds';

const orgId = 'org_a';
const stream = 'secret-org_a.s';
const fold = { initial: '', evolve: (state: string, event: RecordedEvent) => state + event.type };

function event(revision: number, type: string, commandId = `command ${revision}`): RecordedEvent {
  const metadata = { commandId } as RecordedEvent['metadata'];
  return { id: '', stream, revision: String(revision), position: String(revision), type, data: {}, metadata };
}

/** A log of one stream that notes from where it was read. */
function logOf(...types: string[]) {
  const events = types.map((type, revision) => event(revision, type));
  const reads: string[] = [];
  const read = async ({ from = '0' }: ReadRequest) => {
    reads.push(from);
    return events.filter(({ revision }) => Number(revision) >= Number(from));
  };
  return { events, reads, read, folds: new StreamFolds({ read }, fold) };
}

describe('StreamFolds', () => {
  it('reads a history once, and what came since at every fold', async () => {
    const { events, reads, folds } = logOf('A', 'B');
    expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'AB', revision: '1' });
    events.push(event(2, 'C'));
    expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'ABC', revision: '2' });
    expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'ABC', expected: { revision: '2' } });
    expect(reads).toEqual(['0', '2', '3']);
  });

  it('remembers nothing of a stream that is not there', async () => {
    const { events, folds } = logOf();
    expect(await folds.of({ orgId, stream })).toMatchObject({ state: '', expected: 'no stream' });
    events.push(event(0, 'A'));
    expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'A' });
  });

  it('does not remember what takes too many bytes', async () => {
    const { reads, read } = logOf('A', 'B');
    const half = new StreamFolds({ read }, { ...fold, bytesOf: ({ length }) => length * 8 * 1024 * 1024 });
    await half.of({ orgId, stream });
    await half.of({ orgId, stream });
    expect(reads).toEqual(['0', '0']);
    const less = new StreamFolds({ read }, { ...fold, bytesOf: ({ length }) => length * 7 * 1024 * 1024 });
    await less.of({ orgId, stream });
    await less.of({ orgId, stream });
    expect(reads).toEqual(['0', '0', '0', '2']);
  });

  it('finds what a command did, long ago or just now, and tells it to nobody else', async () => {
    const { events, folds } = logOf('A', 'B');
    expect((await folds.of({ orgId, stream, commandId: 'command 0' })).applied).toMatchObject({ state: 'A' });
    expect((await folds.of({ orgId, stream, commandId: 'command 0' })).applied).toMatchObject({ state: 'A' });
    events.push(event(2, 'C'));
    expect((await folds.of({ orgId, stream, commandId: 'command 2' })).applied).toMatchObject({
      state: 'ABC',
    });
    expect((await folds.of({ orgId, stream, commandId: 'another' })).applied).toBeNull();
  });

  describe('told of an append', () => {
    const { metadata } = event(0, '', 'told');
    const appended = (revision: string) => ({ revision, position: revision, duplicate: false });

    it('goes on from it without reading it back, and knows its command', async () => {
      const { events, reads, folds } = logOf('A');
      await folds.of({ orgId, stream });
      events.push(event(1, 'B', 'told'), event(2, 'C', 'told'));
      const written = [
        { type: 'B', data: {} },
        { type: 'C', data: {} },
      ];
      folds.appended({ orgId, stream, events: written, metadata }, appended('2'));
      expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'ABC', revision: '2' });
      expect(reads).toEqual(['0', '3']);
      expect((await folds.of({ orgId, stream, commandId: 'told' })).applied).toMatchObject({ state: 'ABC' });
    });

    it('leaves to the next fold what does not follow on what it knows', async () => {
      const { events, folds } = logOf('A');
      await folds.of({ orgId, stream });
      events.push(event(1, 'B'), event(2, 'C', 'told'));
      folds.appended({ orgId, stream, events: [{ type: 'C', data: {} }], metadata }, appended('2'));
      expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'ABC' });
    });
  });

  it('remembers for who appends what was there, unless the command is in it', async () => {
    const { events, folds } = logOf('A');
    expect(folds.remembered({ stream, commandId: 'new' })).toBeUndefined();
    await folds.of({ orgId, stream });
    events.push(event(1, 'B'));
    expect(folds.remembered({ stream, commandId: 'new' })).toMatchObject({ state: 'A', revision: '0' });
    expect(folds.remembered({ stream, commandId: 'command 0' })).toBeUndefined();
  });

  describe('with a log that is followed', () => {
    /** Says what it is told of the log, and is current as long as it is told so. */
    function followed(...types: string[]) {
      const { events, reads, read } = logOf(...types);
      const log = {
        isCurrent: async () => true,
        began: () => undefined,
        note: (_: RecordedEvent) => undefined,
      };
      const listen = (listener: Pick<typeof log, 'began' | 'note'>) => void Object.assign(log, listener);
      const store = { read };
      const folds = new StreamFolds(store, fold, Object.assign(log, { listen }) as unknown as FollowedLog);
      return { events, reads, store, log, folds };
    }

    it('reads once, and knows what it was told since', async () => {
      const { reads, log, folds } = followed('A');
      await folds.of({ orgId, stream });
      log.note(event(0, 'A'));
      log.note(event(1, 'B'));
      expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'AB', expected: { revision: '1' } });
      expect(reads).toEqual(['0']);
      expect(folds.remembered({ stream, commandId: 'command 1' })).toBeUndefined();
    });

    it('reads when the log is not current', async () => {
      const { events, log, folds } = followed('A');
      await folds.of({ orgId, stream });
      log.isCurrent = async () => false;
      events.push(event(1, 'B'));
      expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'AB' });
    });

    it('reads what it was told with a gap, and what cannot follow', async () => {
      const { events, reads, log, folds } = followed('A');
      await folds.of({ orgId, stream });
      events.push(event(1, 'B'), event(2, 'C'));
      log.note(event(2, 'C'));
      expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'ABC' });
      expect(reads).toEqual(['0', '0']);
    });

    it('does not remember a reading that was overtaken by what it was told', async () => {
      const { events, store, log, folds } = followed('A');
      const { read } = store;
      store.read = async (request) => {
        const before = await read(request);
        events.push(event(1, 'B'));
        log.note(event(1, 'B'));
        return before;
      };
      expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'A' });
      store.read = read;
      expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'AB' });
    });

    it('forgets what it knew, and what is being read, when the following begins anew', async () => {
      const { events, store, log, folds } = followed('A');
      await folds.of({ orgId, stream });
      log.began();
      const { read } = store;
      store.read = async (request) => {
        const before = await read(request);
        log.began();
        return before;
      };
      await folds.of({ orgId, stream });
      store.read = read;
      events.push(event(1, 'B'));
      expect(await folds.of({ orgId, stream })).toMatchObject({ state: 'AB' });
    });
  });
});
