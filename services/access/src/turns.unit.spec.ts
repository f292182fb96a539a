import { Turns } from './turns';

describe('Turns', () => {
  it('does work on one thing one after the other, whatever becomes of it, and on others at once', async () => {
    const turns = new Turns();
    const done: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const first = turns.take('a', async () => {
      await held;
      done.push('a1');
      throw new Error('first');
    });
    const second = turns.take('a', async () => done.push('a2'));
    await turns.take('b', async () => done.push('b1'));
    expect(done).toEqual(['b1']);
    release();
    await expect(first).rejects.toThrow('first');
    await second;
    expect(done).toEqual(['b1', 'a1', 'a2']);
    await expect(turns.take('a', async () => 'again')).resolves.toBe('again');
  });
});
