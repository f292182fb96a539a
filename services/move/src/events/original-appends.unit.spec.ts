import { eventMetadata, type RecordedEvent } from '#libs/event-store';
import { uuidV5 } from '#libs/kernel';
import { OriginalAppends } from './original-appends';

const orgId = 'org_01';

/** `index`: its place in the append that wrote it. */
function event(rest: string, commandId: string, index: number, at = '2026-01-01'): RecordedEvent {
  const stream = `secret-${orgId}.${rest}`;
  const caller = { orgId, actorType: 'key', actorId: 'key_01' };
  return {
    id: uuidV5(stream, commandId, index),
    stream,
    revision: '0',
    position: '0',
    type: 'Tested',
    data: {},
    metadata: eventMetadata({ caller, commandId, correlationId: 'one', at, producer: 'test' }),
  };
}

/** Per append: place of its first event, and how many. */
function appendsOf(events: readonly RecordedEvent[]): [firstIndex: number, length: number][] {
  const appends = new OriginalAppends();
  const found = [...events.map((one) => appends.add(one)), appends.end(), appends.end()];
  return found.flatMap((append) => (append ? [[append.firstIndex, append.events.length]] : []));
}

describe('OriginalAppends', () => {
  it('finds nothing in an empty log', () => {
    expect(appendsOf([])).toEqual([]);
  });

  it('keeps the events of one append together, and those of others apart', () => {
    const log = [
      event('a', 'one', 0),
      event('a', 'one', 1),
      event('a', 'one', 2),
      event('b', 'one', 0),
      event('b', 'two', 0),
      event('a', 'two', 0),
    ];
    expect(appendsOf(log)).toEqual([[0, 3], [0, 1], [0, 1], [0, 1]]); // prettier-ignore
  });

  it('tells two appends of one command to one stream apart', () => {
    const log = [event('a', 'one', 0), event('a', 'one', 0), event('a', 'one', 1)];
    expect(appendsOf(log)).toEqual([[0, 1], [0, 2]]); // prettier-ignore
  });

  it('finds the place of what is left of an append', () => {
    const log = [event('a', 'one', 2), event('a', 'one', 3), event('b', 'two', 3_000)];
    expect(appendsOf(log)).toEqual([[2, 2], [3_000, 1]]); // prettier-ignore
  });

  it('does not mend a gap', () => {
    expect(appendsOf([event('a', 'one', 0), event('a', 'one', 2)])).toEqual([[0, 1], [2, 1]]); // prettier-ignore
  });

  it('keeps apart what has other metadata, for an append has one', () => {
    const log = [event('a', 'one', 0), event('a', 'one', 1, '2026-01-02')];
    expect(appendsOf(log)).toEqual([[0, 1], [1, 1]]); // prettier-ignore
  });

  it('refuses an event whose id is not its own', () => {
    const foreign = { ...event('a', 'one', 0), id: '00000000-0000-4000-8000-000000000000' };
    expect(() => appendsOf([foreign])).toThrow(/of secret-org_01.a .* was not written by hklst/);
  });
});
