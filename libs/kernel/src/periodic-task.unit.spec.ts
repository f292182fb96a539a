import { PeriodicTask } from './periodic-task';

const INTERVAL_MS = 60_000;

describe('PeriodicTask', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('comes round every interval, whatever fails, until the end', async () => {
    let rounds = 0;
    const failures: unknown[] = [];
    const failure = new Error('away');
    const round = async () => {
      rounds += 1;
      throw failure;
    };
    const task = new PeriodicTask({
      intervalMs: INTERVAL_MS,
      round,
      failed: (error) => failures.push(error),
    });
    task.begin();
    await jest.advanceTimersByTimeAsync(INTERVAL_MS - 1);
    expect(rounds).toBe(0);
    await jest.advanceTimersByTimeAsync(1 + INTERVAL_MS);
    expect(failures).toEqual([failure, failure]);
    await task.end();
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    await task.run();
    expect(rounds).toBe(2);
  });

  it('does not begin a round before the last is through, and ends only then', async () => {
    let signalled: AbortSignal | undefined;
    let rounds = 0;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const round = (signal: AbortSignal) => {
      rounds += 1;
      signalled = signal;
      return held;
    };
    const task = new PeriodicTask({ intervalMs: INTERVAL_MS, round, failed: () => undefined });
    task.begin();
    await jest.advanceTimersByTimeAsync(2 * INTERVAL_MS);
    void task.run();
    expect(rounds).toBe(1);
    let hasEnded = false;
    const ending = task.end().then(() => (hasEnded = true));
    await jest.advanceTimersByTimeAsync(0);
    expect([signalled?.aborted, hasEnded]).toEqual([true, false]);
    release();
    await ending;
  });
});
