import { createHash } from 'node:crypto';
import { definePart, isEqual, type Sink } from './compare';

interface Item {
  readonly id: string;
  readonly text: string;
}

const item = (id: string, text = id): Item => ({ id, text });

async function* inOrder(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

function part(source: readonly Item[], target: readonly Item[]) {
  const taken: string[] = [];
  const sink: Sink<Item> = {
    take: async ({ id }) => void taken.push(id),
    end: async () => void taken.push('end'),
  };
  const defined = definePart<Item>({
    name: 'items',
    source: () => inOrder(source),
    target: () => inOrder(target),
    order: (a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)),
    text: ({ text }) => text,
    label: ({ id }) => `item ${id}`,
    sink: () => sink,
  });
  return { ...defined, taken };
}

const letters = (text: string) => [...text].map((letter) => item(letter));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('definePart', () => {
  it('counts and hashes each side, and counts the items of the source aloud', async () => {
    let count = 0;
    const found = await part(letters('abd'), letters('ab')).compare(() => (count += 1));
    expect(found).toEqual({
      part: 'items',
      source: { count: 3, sha256: sha256('a\nb\nd\n') },
      target: { count: 2, sha256: sha256('a\nb\n') },
      missing: 1,
      stranger: null,
    });
    expect(count).toBe(3);
  });

  it.each<[string, string, number, string | null]>([
    ['abc', 'abc', 0, null],
    ['abc', '', 3, null],
    ['abc', 'b', 2, null],
    ['', '', 0, null],
    ['', 'a', 0, 'item a'],
    ['abc', 'abcd', 0, 'item d'],
    ['acd', 'bd', 2, 'item b'],
  ])('finds of %j and %j what is missing and what is strange', async (source, target, missing, stranger) => {
    const found = await part(letters(source), letters(target)).compare(() => undefined);
    expect(found).toMatchObject({ missing, stranger });
    expect(isEqual(found)).toBe(source === target);
  });

  it('finds what is in the same place and differs', async () => {
    const found = await part(letters('abc'), [item('a'), item('b', 'other'), item('c')]).compare(
      () => undefined,
    );
    expect([found.missing, found.stranger, isEqual(found)]).toEqual([0, 'item b', false]);
  });

  it('copies what is missing, in order, and ends', async () => {
    const copied = part(letters('abcd'), letters('b'));
    await copied.copy(() => undefined);
    expect(copied.taken).toEqual(['a', 'c', 'd', 'end']);
  });

  it('copies nothing behind a stranger', async () => {
    const copied = part(letters('abcd'), [item('b', 'other')]);
    await expect(copied.copy(() => undefined)).rejects.toMatchObject({ code: 'MOVE_REFUSED' });
    expect(copied.taken).toEqual(['a']);
  });
});
