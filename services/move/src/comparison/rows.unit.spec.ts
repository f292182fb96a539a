import { byBytes, rowsOf, RowSink } from './rows';

describe('rowsOf', () => {
  it.each([0, 1, 499, 500, 501, 1_500])('gives all of %d rows, once each', async (count) => {
    const all = Array.from({ length: count }, (_, n) => String(n).padStart(6, '0'));
    const list = async ({ afterId, limit }: { afterId: string; limit: number }) =>
      all.filter((id) => id > afterId).slice(0, limit);
    const seen: string[] = [];
    for await (const row of rowsOf((id: string) => id, list)) seen.push(row);
    expect(seen).toEqual(all);
  });
});

describe('byBytes', () => {
  it('orders as the engines do, not as JavaScript does', () => {
    const ids = ['😀', '\uFFFD', 'é', 'ab', 'a', 'B'];
    expect([...ids].sort(byBytes)).toEqual(['B', 'a', 'ab', 'é', '\uFFFD', '😀']);
    expect([...ids].sort()).not.toEqual([...ids].sort(byBytes));
    expect(byBytes('a', 'a')).toBe(0);
  });
});

describe('RowSink', () => {
  it('writes every row, a bounded number at once', async () => {
    const written: number[] = [];
    let underWay = 0;
    let most = 0;
    const sink = new RowSink<number>(async (row) => {
      most = Math.max(most, ++underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      written.push(row);
    });
    const rows = Array.from({ length: 1_000 }, (_, n) => n);
    for (const row of rows) await sink.take(row);
    await sink.end();
    expect(written).toEqual(rows);
    expect(most).toBeLessThanOrEqual(64);
    expect(underWay).toBe(0);
  });
});
