import { AppError } from '#libs/kernel';
import { JointQuestion } from './joint-question';

/** Counts how often it is asked; each answer says which it is. */
function counted(answer: (n: number) => Promise<number> = (n) => Promise.resolve(n)) {
  let asked = 0;
  return { ask: () => answer((asked += 1)), times: () => asked };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('JointQuestion', () => {
  it('asks once for all who want to know the same in one turn, and for nobody who wants to know something else', async () => {
    const joint = new JointQuestion<number>();
    const { ask, times } = counted();
    const same = Array.from({ length: 3 }, async () => joint.of('a', ask));
    expect(await Promise.all([...same, joint.of('b', ask)])).toEqual([1, 1, 1, 2]);
    expect(times()).toBe(2);
  });

  it('asks anew in the next turn, though the first answer is not there yet', async () => {
    const joint = new JointQuestion<number>();
    const { ask } = counted((n) =>
      turn()
        .then(() => turn())
        .then(() => n),
    );
    const first = joint.of('a', ask);
    await turn();
    expect(await Promise.all([first, joint.of('a', ask)])).toEqual([1, 2]);
  });

  it('gives a refusal to one alone: the others ask for themselves', async () => {
    const joint = new JointQuestion<number>();
    const { ask, times } = counted(() => Promise.reject(new AppError('AUTHENTICATION_REQUIRED')));
    const refused = await Promise.allSettled([joint.of('a', ask), joint.of('a', ask)]);
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(times()).toBe(2);
  });

  it('asks nobody again who is away', async () => {
    const joint = new JointQuestion<number>();
    const { ask, times } = counted(() => Promise.reject(new AppError('SERVICE_UNAVAILABLE')));
    const failed = await Promise.allSettled([joint.of('a', ask), joint.of('a', ask)]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(times()).toBe(1);
  });
});
