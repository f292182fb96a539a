import { PassThrough } from 'node:stream';
import { createProgress } from './progress';

const texts = (stream: PassThrough) => String(stream.read() ?? '');

describe('createProgress', () => {
  it('writes a line for each step where there is no terminal, and gives what the step gave', async () => {
    let lines = '';
    const progress = createProgress({ write: (text) => (lines += text) });
    const given = await progress.step('Copying events', 1_234, async (onItem) => {
      for (let n = 0; n < 1_234; n += 1) onItem();
      return 'given';
    });
    await progress.step('Comparing keys', undefined, async (onItem) => onItem());
    expect(given).toBe('given');
    expect(lines).toBe('Copying events: 1,234 of 1,234\nComparing keys: 1\n');
  });

  it('says now and then how far a long step is', async () => {
    jest.useFakeTimers();
    try {
      let lines = '';
      const progress = createProgress({ write: (text) => (lines += text) });
      let finish: () => void = () => undefined;
      const step = progress.step('Copying events', 100, async (onItem) => {
        for (let n = 0; n < 40; n += 1) onItem();
        await new Promise<void>((resolve) => (finish = resolve));
      });
      jest.advanceTimersByTime(5_000);
      expect(lines).toBe('Copying events: 40 of 100\n');
      finish();
      await step;
      jest.advanceTimersByTime(20_000);
      expect(lines).toBe('Copying events: 40 of 100\nCopying events: 40 of 100\n');
    } finally {
      jest.useRealTimers();
    }
  });

  it('draws a bar on a terminal, full at the end, also when the step fails', async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    const progress = createProgress(terminal);
    await progress.step('Copying events', 2_000, async (onItem) => {
      for (let n = 0; n < 2_000; n += 1) onItem();
    });
    expect(texts(terminal)).toMatch(/Copying events \[=+\] 2,000 of 2,000/);
    const failing = progress.step('Copying keys', 10, async (onItem) => {
      onItem();
      throw new Error('away');
    });
    await expect(failing).rejects.toThrow('away');
    expect(texts(terminal)).toMatch(/Copying keys \[=*-+\] 1 of 10/);
  });
});
