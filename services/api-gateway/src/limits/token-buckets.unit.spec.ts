import fc from 'fast-check';
import { TokenBuckets } from './token-buckets';

describe('TokenBuckets', () => {
  let time: number;
  const now = () => time;
  const taken = (buckets: TokenBuckets, count: number, key = 'a') =>
    Array.from({ length: count }, () => buckets.take(key)).filter((wait) => wait === 0).length;

  beforeEach(() => (time = 1_000_000));

  it('give a burst, then as many as are refilled', () => {
    const buckets = new TokenBuckets({ burst: 5, perSecond: 2, now });
    expect(taken(buckets, 20)).toBe(5);
    time += 499;
    expect(taken(buckets, 20)).toBe(0);
    time += 1;
    expect(taken(buckets, 20)).toBe(1);
    time += 10_000;
    expect(taken(buckets, 20)).toBe(5);
  });

  it('tell how long to wait, no longer than needed, and take nothing meanwhile', () => {
    const buckets = new TokenBuckets({ burst: 1, perSecond: 0.5, now });
    expect(buckets.take('a')).toBe(0);
    expect(buckets.take('a')).toBeCloseTo(2_000);
    time += 1_500;
    expect(buckets.take('a')).toBeCloseTo(500);
    time += 500;
    expect(buckets.take('a')).toBe(0);
  });

  it('have again what is given back, and never more than they hold', () => {
    const buckets = new TokenBuckets({ burst: 3, perSecond: 1, now });
    expect(taken(buckets, 9)).toBe(3);
    buckets.giveBack('a');
    expect(taken(buckets, 9)).toBe(1);
    buckets.giveBack('a');
    time += 60_000;
    buckets.giveBack('nobody');
    expect(taken(buckets, 9)).toBe(3);
  });

  it('are apart for each key', () => {
    const buckets = new TokenBuckets({ burst: 2, perSecond: 1, now });
    expect(taken(buckets, 9, 'a')).toBe(2);
    expect(taken(buckets, 9, 'b')).toBe(2);
  });

  it('give neither more nor less than burst and refill, however requests come', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 300 });
    const budget = { burst: fc.integer({ min: 1, max: 50 }), perSecond: fc.integer({ min: 1, max: 100 }) };
    fc.assert(
      fc.property(gaps, fc.record(budget), (waits, { burst, perSecond }) => {
        time = 0;
        const buckets = new TokenBuckets({ burst, perSecond, now });
        // The plain way to say it: so much in the bucket, never more than it holds.
        let left = burst;
        for (const ms of waits) {
          time += ms;
          left = Math.min(burst, left + (ms * perSecond) / 1_000);
          const wait = buckets.take('a');
          if (Math.abs(left - 1) > 1e-6) expect(wait === 0).toBe(left >= 1);
          if (wait === 0) left -= 1;
        }
      }),
    );
  });

  it('forget whom they have not seen for longest, and keep no more than they may', () => {
    const buckets = new TokenBuckets({ burst: 1, perSecond: 0.001, now });
    buckets.take('first');
    for (let key = 0; key < 19_999; key += 1) buckets.take(`key ${key}`);
    expect(buckets.take('first')).toBeGreaterThan(0);
    for (let key = 0; key < 20_000; key += 1) buckets.take(`other ${key}`);
    expect(buckets.take('first')).toBe(0);
  });
});
