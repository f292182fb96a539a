import { GroupedCalls } from './grouped-calls';

/** A server that answers when it is told to. */
function heldServer() {
  const calls: (readonly number[])[] = [];
  const held: { answer: () => void; fail: (error: Error) => void }[] = [];
  const grouped = new GroupedCalls((items: readonly number[]) => {
    calls.push(items);
    return new Promise<readonly string[]>((resolve, reject) => {
      held.push({ answer: () => resolve(items.map((item) => `answer ${item}`)), fail: reject });
    });
  });
  return { calls, held, grouped };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('GroupedCalls', () => {
  it('asks once for all of a turn, and gives each its own', async () => {
    const { calls, held, grouped } = heldServer();
    const answers = Promise.all([1, 2, 3].map((item) => grouped.run(item)));
    await turn();
    expect(calls).toEqual([[1, 2, 3]]);
    held[0]?.answer();
    expect(await answers).toEqual(['answer 1', 'answer 2', 'answer 3']);
  });

  it('asks anew for who comes while a call is under way', async () => {
    const { calls, held, grouped } = heldServer();
    const first = grouped.run(1);
    await turn();
    const later = Promise.all([grouped.run(1), grouped.run(2)]);
    await turn();
    expect(calls).toEqual([[1]]);
    held[0]?.answer();
    await first;
    await turn();
    expect(calls).toEqual([[1], [1, 2]]);
    held[1]?.answer();
    expect(await later).toEqual(['answer 1', 'answer 2']);
  });

  it('lets all who wait fail with a call, and works again afterwards', async () => {
    const { held, grouped } = heldServer();
    const failure = new Error('away');
    const both = Promise.allSettled([grouped.run(1), turn().then(() => grouped.run(2))]);
    await turn();
    await turn();
    held[0]?.fail(failure);
    expect(await both).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
    ]);
    const again = grouped.run(3);
    await turn();
    held[1]?.answer();
    expect(await again).toBe('answer 3');
  });

  it('lets so many wait and no more, in calls of bounded size', async () => {
    const { calls, held, grouped } = heldServer();
    const waiting = Array.from({ length: 10_000 }, (_, item) => grouped.run(item));
    await expect(grouped.run(0)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await turn();
    expect(calls[0]).toHaveLength(500);
    const ended = Promise.allSettled(waiting);
    held[0]?.fail(new Error('away'));
    expect(await ended).toHaveLength(10_000);
  });
});
