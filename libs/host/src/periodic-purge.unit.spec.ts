import { AppError } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { PeriodicPurge } from './periodic-purge';

const TEN_MINUTES_MS = 600_000;

describe('PeriodicPurge', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('purges at the beginning and every ten minutes, whatever fails, until the end', async () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const logger = createLogger({ level: 'warn', service: 'access', destination });
    const done: string[] = [];
    const failing = async () => {
      done.push('failing');
      throw new AppError('STORE_UNAVAILABLE');
    };
    const purge = new PeriodicPurge({ logger, purges: [failing, async () => done.push('next')] });
    purge.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(0);
    expect(done).toEqual(['failing', 'next']);
    await jest.advanceTimersByTimeAsync(TEN_MINUTES_MS);
    expect(done).toEqual(['failing', 'next', 'failing', 'next']);
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(
      Array.from({ length: 2 }, () => 'records not purged; it will be tried again'),
    );
    await purge.onApplicationShutdown();
    await jest.advanceTimersByTimeAsync(TEN_MINUTES_MS);
    expect(done).toHaveLength(4);
  });

  it('begins no further purge once it is to end', async () => {
    const done: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const logger = createLogger({ level: 'silent', service: 'access' });
    const purges = [() => held, async () => done.push('next')];
    const purge = new PeriodicPurge({ logger, purges });
    purge.onApplicationBootstrap();
    const ending = purge.onApplicationShutdown();
    release();
    await ending;
    expect(done).toEqual([]);
  });
});
