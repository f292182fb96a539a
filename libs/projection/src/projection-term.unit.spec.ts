import type { Batch } from '#libs/event-store';
import type { Position } from '#libs/kernel';
import type { Change } from '#libs/read-store';
import { ProjectionTerm } from './projection-term';

interface Write {
  readonly changes: readonly Change[];
  readonly position: Position;
  succeed(): void;
  fail(): void;
}

const change = (id: string): Change => ({
  kind: 'put',
  collection: 'things',
  document: { id },
  revision: '0',
});
const batch = (position: number, caughtUp = false): Batch => ({
  events: [],
  position: String(position),
  caughtUp,
});
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('ProjectionTerm', () => {
  let writes: Write[];
  let reached: Position[];
  let failures: number;
  let term: ProjectionTerm;

  beforeEach(() => {
    writes = [];
    reached = [];
    failures = 0;
    term = new ProjectionTerm({
      after: '10',
      write: (changes, position) =>
        new Promise((resolve, reject) => {
          writes.push({ changes, position, succeed: resolve, fail: () => reject(new Error('away')) });
        }),
      reached: (position) => void reached.push(position),
      failed: () => void (failures += 1),
    });
  });

  it('gathers batches while catching up, and says so only when they are written', async () => {
    await term.take(batch(11), [change('a')]);
    await term.take(batch(12), [change('a'), change('b')]);
    expect(writes).toEqual([]);
    const taken = term.take(batch(13, true), []);
    await nextTurn();
    expect(writes).toMatchObject([{ changes: [change('a'), change('b')], position: '13' }]);
    expect(reached).toEqual([]);
    writes[0]?.succeed();
    await taken;
    expect(reached).toEqual(['13']);
  });

  it('reads on during a write while catching up, and writes one at a time', async () => {
    const many = (from: number) => Array.from({ length: 2_000 }, (_, i) => change(String(from + i)));
    await term.take(batch(11), many(0));
    await term.take(batch(12), []);
    const third = term.take(batch(13), many(2_000));
    await nextTurn();
    expect(writes.map(({ position }) => position)).toEqual(['11']);
    writes[0]?.succeed();
    await third;
    expect(writes.map(({ position }) => position)).toEqual(['11', '13']);
    expect(reached).toEqual(['11']);
  });

  it('writes each batch at once when live', async () => {
    await term.take(batch(11, true), []);
    const taken = term.take(batch(12), [change('a')]);
    await nextTurn();
    expect(writes).toMatchObject([{ position: '12' }]);
    writes[0]?.succeed();
    await taken;
    expect(reached).toEqual(['11', '12']);
  });

  it('writes nothing for a position that changed nothing until it is flushed, once', async () => {
    await term.take(batch(11, true), []);
    expect([writes, reached]).toEqual([[], ['11']]);
    term.flush();
    expect(writes).toMatchObject([{ changes: [], position: '11' }]);
    term.flush();
    writes[0]?.succeed();
    await nextTurn();
    term.flush();
    expect(writes).toHaveLength(1);
  });

  it('writes nothing after a failed write, and tells', async () => {
    await term.take(batch(11, true), []);
    const taken = term.take(batch(12, true), [change('a')]);
    await nextTurn();
    writes[0]?.fail();
    await expect(taken).rejects.toThrow('away');
    expect(failures).toBe(1);
    await expect(term.take(batch(13, true), [change('b')])).rejects.toThrow('away');
    term.flush();
    await expect(term.finish()).rejects.toThrow('away');
    expect(writes).toHaveLength(1);
    expect(reached).toEqual(['11']);
  });

  it('tells of a failure that nobody waits for', async () => {
    await term.take(batch(11, true), []);
    term.flush();
    writes[0]?.fail();
    await nextTurn();
    expect(failures).toBe(1);
  });

  it('writes what is left when it finishes, and nothing when all is stored', async () => {
    await term.finish();
    expect(writes).toEqual([]);
    await term.take(batch(11), [change('a')]);
    const finished = term.finish();
    await nextTurn();
    expect(writes).toMatchObject([{ changes: [change('a')], position: '11' }]);
    writes[0]?.succeed();
    await finished;
    expect(reached).toEqual(['11']);
  });
});
