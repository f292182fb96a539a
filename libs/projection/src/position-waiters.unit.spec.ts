import { PositionWaiters } from './position-waiters';

describe('PositionWaiters', () => {
  it('resolves those whose position is reached, compared as numbers, and no others', async () => {
    const waiters = new PositionWaiters();
    const nine = waiters.wait('9', 1_000);
    const ten = waiters.wait('10', 1_000);
    const hundred = waiters.wait('100', 20);
    waiters.reached('10');
    await expect(Promise.all([nine, ten])).resolves.toBeDefined();
    await expect(hundred).rejects.toMatchObject({ code: 'CONSISTENCY_TIMEOUT' });
    expect(waiters.isEmpty).toBe(true);
  });

  it('takes a bounded number', async () => {
    const waiters = new PositionWaiters();
    const waiting = Array.from({ length: 2_048 }, () => waiters.wait('1', 5_000));
    await expect(waiters.wait('1', 5_000)).rejects.toMatchObject({ code: 'CONSISTENCY_TIMEOUT' });
    waiters.reached('1');
    await Promise.all(waiting);
    expect(waiters.isEmpty).toBe(true);
  });

  it('refuses at once those whose position the log has not reached, except who came while it was asked', async () => {
    const waiters = new PositionWaiters();
    const [written, invented] = [waiters.wait('10', 5_000), waiters.wait('900000000', 5_000)];
    let newest: Promise<void> | undefined;
    const refusing = waiters.refuseInvented(async () => {
      newest = waiters.wait('11', 5_000);
      return '10';
    });
    await expect(invented).rejects.toMatchObject({ code: 'CONSISTENCY_TIMEOUT' });
    await refusing;
    waiters.reached('11');
    await expect(Promise.all([written, newest])).resolves.toBeDefined();
    expect(waiters.isEmpty).toBe(true);
  });

  it('tells of the first who is kept waiting', async () => {
    const waiters = new PositionWaiters();
    const events: string[] = [];
    const wanted = waiters.untilWanted(5_000).then(() => events.push('wanted'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual([]);
    const kept = waiters.wait('1', 5_000);
    await wanted;
    await waiters.untilWanted(5_000);
    waiters.reached('1');
    await kept;
    await waiters.untilWanted(1);
  });
});
