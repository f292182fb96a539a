import { AppError } from '#libs/kernel';
import type { FastifyRequest } from 'fastify';
import { RateLimits, type RateLimitSettings } from './rate-limits';

const off: RateLimitSettings = {
  perAddress: 0,
  perCredential: 0,
  perOrganization: 0,
  failuresPerAddress: 0,
  failuresPerKey: 0,
};
const keyId = (digit: number) => `01jd9x7k2m4n6p8q0r2s4t6v${String(digit).padStart(2, '0')}`;

describe('RateLimits', () => {
  let time = 0;
  const limitsOf = (settings: Partial<RateLimitSettings>) =>
    new RateLimits({ ...off, ...settings }, () => time);
  const from = (ip: string, id = keyId(0)) =>
    ({ ip, headers: { authorization: `Bearer hklst_${id}${'0'.repeat(58)}` } }) as unknown as FastifyRequest;

  const caller = (actorId: string, orgId = 'org_a') =>
    ({ caller: { orgId, actorType: 'api-key', actorId } }) as const;
  const right = (limits: RateLimits, request: FastifyRequest, who = caller('key_a')) =>
    limits.authenticated(request, () => Promise.resolve(who));
  const wrong = (limits: RateLimits, request: FastifyRequest, code = 'AUTHENTICATION_REQUIRED' as const) =>
    limits.authenticated(request, () => Promise.reject(new AppError(code)));
  /** Looked at on the spot: with a code it fails. */
  const prove = (limits: RateLimits, ip: string, code?: 'AUTHENTICATION_REQUIRED' | 'EMAIL_TAKEN') =>
    limits.proved(from(ip), () => (code ? Promise.reject(new AppError(code)) : Promise.resolve('in')));
  const codes = async (count: number, attempt: (at: number) => Promise<unknown>) => {
    const seen: Record<string, number> = {};
    for (let at = 0; at < count; at += 1) {
      const code = await attempt(at).then(
        () => 'served',
        (error: unknown) => (error as AppError).code,
      );
      seen[code] = (seen[code] ?? 0) + 1;
    }
    return seen;
  };

  it('count every request of an address when it arrives, and networks of IPv6 as one', () => {
    const limits = limitsOf({ perAddress: 3 });
    const arrived = (ip: string) => limits.atArrival(from(ip))?.code ?? 'served';
    expect(['1', '2', '3', '4'].map((host) => arrived(`2001:db8::${host}`))).toEqual([
      ...['served', 'served', 'served'],
      'RATE_LIMITED',
    ]);
    expect(arrived('192.0.2.1')).toBe('served');
    expect(limits.atArrival(from('2001:db8::9'))?.retryAfterSeconds).toBe(1);
  });

  it('count what a credential and an organization ask for', async () => {
    const limits = limitsOf({ perCredential: 10, perOrganization: 15 });
    const as = (who: ReturnType<typeof caller>) => () => right(limits, from('192.0.2.1'), who);
    expect(await codes(20, as(caller('key_a')))).toEqual({ served: 10, RATE_LIMITED: 10 });
    expect(await codes(20, as(caller('key_b')))).toEqual({ served: 5, RATE_LIMITED: 15 });
    expect(await codes(5, as(caller('key_c', 'org_b')))).toEqual({ served: 5 });
  });

  it('refuse the failures of an address beyond its budget, and say when there is one again', async () => {
    const limits = limitsOf({ failuresPerAddress: 50 });
    const guess = (at: number) => wrong(limits, from('192.0.2.1', keyId(at % 90)));
    expect(await codes(200, guess)).toEqual({ AUTHENTICATION_REQUIRED: 50, RATE_LIMITED: 150 });
    await expect(guess(0)).rejects.toMatchObject({ retryAfterSeconds: 2 });
    expect(await codes(9, () => wrong(limits, from('192.0.2.2')))).toEqual({ AUTHENTICATION_REQUIRED: 9 });
    time += 60_000;
    expect(await codes(200, guess)).toMatchObject({ AUTHENTICATION_REQUIRED: 50 });
  });

  it('refuse failures with one key id beyond its budget, from however many addresses', async () => {
    const limits = limitsOf({ failuresPerKey: 50, failuresPerAddress: 1_000 });
    const guess = (at: number) => wrong(limits, from(`192.0.2.${at % 200}`));
    expect(await codes(200, guess)).toEqual({ AUTHENTICATION_REQUIRED: 50, RATE_LIMITED: 150 });
    const other = () => wrong(limits, from('192.0.2.1', keyId(1)));
    expect(await codes(50, other)).toEqual({ AUTHENTICATION_REQUIRED: 50 });
  });

  it('serve what is right, however many guesses were made at the same key and from the same address', async () => {
    const limits = limitsOf({ failuresPerKey: 5, failuresPerAddress: 5 });
    await codes(500, () => wrong(limits, from('192.0.2.1')));
    await expect(wrong(limits, from('192.0.2.1'))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    for (const ip of ['192.0.2.1', '192.0.2.2'])
      expect(await codes(100, () => right(limits, from(ip)))).toEqual({ served: 100 });
  });

  it('refuse proofs of an address unseen beyond its failures, right ones as well, and those of no other', async () => {
    const limits = limitsOf({ failuresPerAddress: 50 });
    const guess = (at: number) =>
      prove(limits, '192.0.2.1', at % 2 ? 'EMAIL_TAKEN' : 'AUTHENTICATION_REQUIRED');
    expect(await codes(100, () => prove(limits, '192.0.2.1'))).toEqual({ served: 100 });
    const failed = await codes(200, guess);
    expect(failed).toEqual({ AUTHENTICATION_REQUIRED: 25, EMAIL_TAKEN: 25, RATE_LIMITED: 150 });
    await expect(prove(limits, '192.0.2.1')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterSeconds: 2,
    });
    expect(await codes(9, () => prove(limits, '192.0.2.2'))).toEqual({ served: 9 });
    // Wrong keys are counted apart.
    expect(await codes(9, () => wrong(limits, from('192.0.2.1')))).toEqual({ AUTHENTICATION_REQUIRED: 9 });
    time += 60_000;
    expect(await codes(200, guess)).toMatchObject({ RATE_LIMITED: 150 });
  });

  it.each([
    { failuresPerAddress: 5, looked: 5 },
    { failuresPerAddress: 0, looked: 8 },
  ])('look at $looked of twenty proofs at once, with a budget of $failuresPerAddress', async (given) => {
    const limits = limitsOf({ failuresPerAddress: given.failuresPerAddress });
    const underWay: (() => void)[] = [];
    const begun = Array.from({ length: 20 }, () =>
      limits.proved(from('192.0.2.1'), () => new Promise<void>((resolve) => underWay.push(resolve))),
    );
    const settled = Promise.allSettled(begun);
    expect(underWay).toHaveLength(given.looked);
    // Nobody elsewhere waits for them.
    expect(await codes(9, () => prove(limits, '192.0.2.2'))).toEqual({ served: 9 });
    for (const end of underWay) end();
    const refused = (await settled).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(20 - given.looked);
    for (const outcome of refused) expect(outcome).toMatchObject({ reason: { code: 'RATE_LIMITED' } });
    expect(await codes(100, () => prove(limits, '192.0.2.1'))).toEqual({ served: 100 });
  });

  it('begin eight of twenty requests that may cost a hash, also after failures at the address', async () => {
    const limits = limitsOf({ failuresPerAddress: 1 });
    await codes(2, () => prove(limits, '192.0.2.1', 'AUTHENTICATION_REQUIRED'));
    const underWay: (() => void)[] = [];
    const hash = () => limits.hashed(from('192.0.2.1'), () => new Promise<void>((end) => underWay.push(end)));
    const begun = Promise.all(Array.from({ length: 20 }, () => codes(1, hash)));
    expect(underWay).toHaveLength(8);
    for (const end of underWay) end();
    const ended = await begun;
    expect(ended.filter(({ RATE_LIMITED }) => RATE_LIMITED)).toHaveLength(12);
    expect(await codes(100, () => limits.hashed(from('192.0.2.1'), async () => 'done'))).toEqual({
      served: 100,
    });
  });

  it('count no failure that is not one of the credential', async () => {
    const limits = limitsOf({ failuresPerAddress: 1, failuresPerKey: 1 });
    const away = () => wrong(limits, from('192.0.2.1'), 'SERVICE_UNAVAILABLE' as never);
    expect(await codes(20, away)).toEqual({ SERVICE_UNAVAILABLE: 20 });
    expect(await codes(1, () => wrong(limits, from('192.0.2.1')))).toEqual({ AUTHENTICATION_REQUIRED: 1 });
  });

  it('count nothing when they are off', async () => {
    const limits = limitsOf({});
    expect(limits.atArrival(from('192.0.2.1'))).toBeUndefined();
    expect(await codes(500, () => wrong(limits, from('192.0.2.1')))).toEqual({
      AUTHENTICATION_REQUIRED: 500,
    });
    expect(await codes(500, () => right(limits, from('192.0.2.1')))).toEqual({ served: 500 });
  });
});
