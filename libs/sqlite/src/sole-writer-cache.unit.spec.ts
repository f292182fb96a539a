import { AppError } from '#libs/kernel';
import { SoleWriterCache } from './sole-writer-cache';

/** A write that ends when the test says so. */
function pending() {
  let end: (error?: AppError) => void = () => undefined;
  const write = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  return { write: () => write, end: (error?: AppError) => end(error) };
}

describe('SoleWriterCache', () => {
  it('gives back what was kept', () => {
    const cache = new SoleWriterCache<number>(10);
    expect(cache.get('a')).toBeUndefined();
    cache.keep('a', 1);
    expect(cache.get('a')).toBe(1);
  });

  it('neither gives nor keeps what a write under way may change, until the last of them has ended', async () => {
    const cache = new SoleWriterCache<number>(10);
    cache.keep('a', 1);
    const first = pending();
    const second = pending();
    const writes = [cache.whileWriting(['a'], first.write), cache.whileWriting(['a'], second.write)];
    cache.keep('a', 2);
    expect(cache.get('a')).toBeUndefined();
    first.end();
    await writes[0];
    cache.keep('a', 3);
    expect(cache.get('a')).toBeUndefined();
    second.end();
    await writes[1];
    cache.keep('a', 4);
    expect(cache.get('a')).toBe(4);
  });

  it('trusts nothing after a write of unknown outcome, until a later write was answered', async () => {
    const cache = new SoleWriterCache<number>(10);
    cache.keep('a', 1);
    cache.keep('b', 1);
    const lost = pending();
    const write = cache.whileWriting(['a'], lost.write);
    lost.end(new AppError('STORE_UNAVAILABLE'));
    await expect(write).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    cache.keep('a', 2);
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, undefined]);
    await cache.whileWriting(['c'], async () => undefined);
    expect(cache.get('b')).toBeUndefined();
    cache.keep('a', 3);
    expect(cache.get('a')).toBe(3);
  });
});
