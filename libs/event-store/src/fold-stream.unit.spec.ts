import type { RecordedEvent } from './event-store';
import { foldStream } from './fold-stream';

const event = (n: number, commandId = `command ${n}`) =>
  ({
    revision: String(n),
    position: String(n * 10),
    metadata: { commandId },
    data: { n },
  }) as unknown as RecordedEvent;

/** A stream of these events, read as the port says. */
const streamOf = (events: readonly RecordedEvent[]) => ({
  read: async ({ from = '0', limit }: { from?: string; limit: number }) =>
    events.filter(({ revision }) => Number(revision) >= Number(from)).slice(0, limit),
});

const orgId = 'org_01';
const stream = `secret-${orgId}.sec_01`;
const counted = {
  initial: [] as number[],
  evolve: (seen: number[], { revision }: RecordedEvent) => [...seen, Number(revision)],
};
const last = { initial: -1, evolve: (_: number, { revision }: RecordedEvent) => Number(revision) };

describe('foldStream', () => {
  it('gives the initial state of a stream without events', async () => {
    expect(await foldStream(streamOf([]), { orgId, stream }, counted)).toEqual({
      state: [],
      revision: null,
      position: null,
      expected: 'no stream',
      applied: null,
    });
  });

  it('folds every event once, in order, and says what to expect next', async () => {
    const events = [event(0), event(1), event(2)];
    expect(await foldStream(streamOf(events), { orgId, stream }, counted)).toMatchObject({
      state: [0, 1, 2],
      revision: '2',
      position: '20',
      expected: { revision: '2' },
    });
  });

  it.each([999, 1000, 1001, 2500])('folds a stream of %d events', async (count) => {
    const events = Array.from({ length: count }, (_, n) => event(n));
    expect((await foldStream(streamOf(events), { orgId, stream }, counted)).state).toEqual(
      events.map((_, n) => n),
    );
  });

  it('folds a stream whose first events are gone', async () => {
    expect(await foldStream(streamOf([event(7), event(8)]), { orgId, stream }, last)).toMatchObject({
      revision: '8',
    });
  });

  it('finds the state right after the events of a command', async () => {
    const events = [event(0), event(1, 'ours'), event(2, 'ours'), event(3)];
    expect(await foldStream(streamOf(events), { orgId, stream, commandId: 'ours' }, last)).toMatchObject({
      state: 3,
      applied: { state: 2, revision: '2', position: '20' },
    });
    expect(
      (await foldStream(streamOf(events), { orgId, stream, commandId: 'another' }, last)).applied,
    ).toBeNull();
  });
});
