import type { Batch, LogSection, RecordedEvent, SubscribeRequest } from './event-store';
import { FollowedLog } from './followed-log';

/** A log whose events arrive when they are told to. */
class ToldLog {
  last: string | null = null;
  heads = 0;
  sections: LogSection[] = [];
  /** What `holdsNone` says. */
  isEmptySection = true;
  #batches: Batch[] = [];
  #wake: () => void = () => undefined;

  async head() {
    this.heads += 1;
    return this.last;
  }

  async holdsNone(section: LogSection) {
    this.sections.push(section);
    return this.isEmptySection;
  }

  arrive(position: string, events: readonly Partial<RecordedEvent>[] = [], caughtUp = true): void {
    this.last ??= position;
    this.#batches.push({ events: events as RecordedEvent[], position, caughtUp });
    this.#wake();
  }

  async *subscribe({ signal }: SubscribeRequest): AsyncGenerator<Batch> {
    signal.addEventListener('abort', () => this.#wake());
    while (!signal.aborted) {
      const next = this.#batches.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function follow() {
  const log = new ToldLog();
  const followed = new FollowedLog(log);
  const heard: string[] = [];
  followed.listen({ began: () => heard.push('began'), note: ({ type }) => heard.push(type) });
  const end = new AbortController();
  const request = { after: null, categories: ['secret'], types: ['A'], signal: end.signal };
  const subscription = followed.subscribe(request)[Symbol.asyncIterator]();
  return { log, followed, heard, subscription, end };
}

/** One that has told that it caught up at position 10. */
async function followUpToTen() {
  const following = follow();
  following.log.arrive('10');
  await following.subscription.next();
  return following;
}

describe('FollowedLog', () => {
  it('tells of every event, and gives the consumer those that it asked for', async () => {
    const { log, heard, subscription } = follow();
    const events = [
      { type: 'A', stream: 'secret-a' },
      { type: 'B', stream: 'secret-a' },
      { type: 'A', stream: 'access-a' },
    ];
    log.arrive('3', events);
    expect((await subscription.next()).value).toMatchObject({ events: [events[0]], position: '3' });
    expect(heard).toEqual(['began', 'A', 'B', 'A']);
  });

  it('knows nothing before it has caught up, and asks nobody then', async () => {
    const { log, followed, subscription } = follow();
    expect(await followed.isCurrent()).toBe(false);
    log.arrive('1', [], false);
    await subscription.next();
    expect(await followed.isCurrent()).toBe(false);
    expect(log.heads).toBe(0);
  });

  it('is current at the head, which it asks for once for all of a turn', async () => {
    const { log, followed } = await followUpToTen();
    expect(await Promise.all([1, 2, 3].map(() => followed.isCurrent()))).toEqual([true, true, true]);
    expect(log.heads).toBe(1);
    expect(await followed.isCurrent()).toBe(true);
    expect(log.heads).toBe(2);
  });

  it('waits for what is in the log and has not arrived, ahead of a busy consumer', async () => {
    const { log, followed, heard } = await followUpToTen();
    log.last = '20';
    const isCurrent = followed.isCurrent();
    setTimeout(() => log.arrive('20', [{ type: 'Late', stream: 'secret-a' }]), 5);
    expect(await isCurrent).toBe(true);
    expect(heard).toContain('Late');
    expect(log.sections).toEqual([]);
  });

  it('asks whether the head is of a kind that never arrives, and remembers it', async () => {
    const { log, followed } = await followUpToTen();
    log.last = '20';
    expect(await followed.isCurrent()).toBe(true);
    expect(log.sections).toEqual([{ categories: [], types: [], after: '10', upTo: '20' }]);
    expect(await followed.isCurrent()).toBe(true);
    expect(log.sections).toHaveLength(1);
  });

  it('is not current when something should have arrived and has not', async () => {
    const { log, followed } = await followUpToTen();
    log.last = '20';
    log.isEmptySection = false;
    expect(await followed.isCurrent()).toBe(false);
  });

  it('is not current without a subscription, and tells when another begins', async () => {
    const { followed, heard, subscription, end } = await followUpToTen();
    end.abort();
    await subscription.next();
    expect(await followed.isCurrent()).toBe(false);
    const request = { after: '10', categories: [], types: [], signal: AbortSignal.abort() };
    await followed.subscribe(request)[Symbol.asyncIterator]().next();
    expect(heard).toEqual(['began', 'began']);
  });

  it('fails when the log cannot be asked', async () => {
    const { log, followed } = await followUpToTen();
    log.head = () => Promise.reject(new Error('away'));
    await expect(followed.isCurrent()).rejects.toThrow('away');
  });
});
