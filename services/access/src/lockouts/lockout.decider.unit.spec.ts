import { decideAttempt, FAILURES_KEPT_MS, withdrawAttempt, type Failures } from './lockout.decider';

/** Fails as soon as it may, again and again; gives the seconds of each wait. */
function waits(attempts: number): number[] {
  const seconds: number[] = [];
  let [now, failures]: [number, Failures | null] = [1_000_000, null];
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const first = decideAttempt(failures, now);
    if ('retryAfterSeconds' in first) {
      seconds.push(first.retryAfterSeconds);
      now += first.retryAfterSeconds * 1_000;
    } else {
      seconds.push(0);
    }
    const decided = decideAttempt(failures, now);
    if ('retryAfterSeconds' in decided) throw new Error('Refused after the wait');
    failures = decided.counted;
  }
  return seconds;
}

describe('decideAttempt', () => {
  it('leaves five attempts free, then doubles the wait from one second to a quarter of an hour', () => {
    expect(waits(20)).toEqual([
      0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900, 900,
    ]);
  });

  it('rounds a wait up, so that who keeps to it is not refused again', () => {
    const failures = { count: 5, lastAt: 0, lockedUntil: 1_001 };
    expect(decideAttempt(failures, 0)).toEqual({ retryAfterSeconds: 2 });
    expect(decideAttempt(failures, 1_000)).toEqual({ retryAfterSeconds: 1 });
    expect(decideAttempt(failures, 1_001)).toEqual({
      counted: { count: 6, lastAt: 1_001, lockedUntil: 3_001 },
    });
  });

  it('lets nobody wait for a clock that was ahead, and forgets nothing', () => {
    const year = 365 * 86_400_000;
    const failures = { count: 8, lastAt: year, lockedUntil: year + 8_000 };
    const counted = { count: 9, lastAt: 1_000, lockedUntil: 17_000 };
    expect(decideAttempt(failures, 1_000)).toEqual({ counted });
    expect(decideAttempt(counted, 2_000)).toEqual({ retryAfterSeconds: 15 });
    // The clocks of two processes may differ.
    expect(decideAttempt(counted, 0)).toEqual({ retryAfterSeconds: 17 });
  });

  it('forgets after a day without an attempt, and not before', () => {
    const failures = { count: 30, lastAt: 0, lockedUntil: 900_000 };
    const at = (now: number) => decideAttempt(failures, now);
    expect(at(FAILURES_KEPT_MS - 1)).toMatchObject({ counted: { count: 31 } });
    expect(at(FAILURES_KEPT_MS)).toMatchObject({ counted: { count: 1 } });
  });
});

describe('withdrawAttempt', () => {
  const before = { count: 6, lastAt: 10_000, lockedUntil: 12_000 };
  const counted = { count: 7, lastAt: 20_000, lockedUntil: 24_000 };

  it('leaves what was known before, when nobody came after it', () => {
    expect(withdrawAttempt(counted, { before, counted })).toEqual(before);
    const first = { count: 1, lastAt: 20_000, lockedUntil: 20_000 };
    expect(withdrawAttempt(first, { before: null, counted: first })).toBeNull();
  });

  it('takes back one of many, whoever was counted meanwhile, and its share of the wait', () => {
    const known = { count: 9, lastAt: 30_000, lockedUntil: 46_000 };
    expect(withdrawAttempt(known, { before, counted })).toEqual({
      count: 8,
      lastAt: 30_000,
      lockedUntil: 38_000,
    });
  });

  it('leaves nothing of what a success has forgotten', () => {
    expect(withdrawAttempt(null, { before, counted })).toBeNull();
  });
});
