import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newKey } from '#libs/crypto';
import { Keyring, openKeyStore, type KeyStore } from '#libs/key-store';
import { AppError, newCommandId, Redacted } from '#libs/kernel';
import { openReadStore, type ReadStore } from '#libs/read-store';
import { IdempotentAnswers } from './idempotent-answers';

const caller = { orgId: 'org_1', actorId: 'usr_1' };
const rootKey = { current: newKey() };
const message = { name: 'create-thing' };
const fields = { name: 'a' };
const commandOf = (idempotencyKey: string | null) => ({
  caller,
  commandId: newCommandId(new Date()),
  idempotencyKey,
});
const requestOf = (idempotencyKey: string | null) => ({
  message,
  command: commandOf(idempotencyKey),
  fields,
});

describe('IdempotentAnswers.seeded', () => {
  let directory: string;
  let keys: KeyStore;
  let reads: ReadStore;
  let answers: IdempotentAnswers;
  const open = async () => {
    const keyring = await Keyring.open({ keys, rootKey, clock });
    answers = new IdempotentAnswers({ reads, clock, keyring });
    await answers.onModuleInit();
  };
  const clock = { time: Date.now(), now: () => new Date(clock.time), monotonicMs: () => clock.time };

  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'idempotency-'));
    keys = await openKeyStore(`sqlite:${path.join(directory, 'keys.db')}`);
    reads = await openReadStore(`sqlite:${path.join(directory, 'reads.db')}`);
    await open();
  });
  afterEach(async () => {
    await reads.close();
    await keys.close();
    rmSync(directory, { recursive: true });
  });

  const turns: { commandId: string; seed: string }[] = [];
  const work = async ({ commandId }: { commandId: string }, seed: string) => {
    turns.push({ commandId, seed });
    return { id: commandId };
  };
  beforeEach(() => void turns.splice(0));

  it('gives the same reply and the same seed again, and does the work once', async () => {
    const first = await answers.seeded(requestOf('k'), work);
    const again = await answers.seeded(requestOf('k'), work);
    expect(again).toEqual(first);
    expect(turns).toMatchObject([{ commandId: first.reply.id, seed: first.seed }]);
    expect(first.seed).toMatch(/^[0-9a-f]{64}$/);
  });

  it('gives one seed to a burst', async () => {
    const burst = await Promise.all(Array.from({ length: 20 }, () => answers.seeded(requestOf('k'), work)));
    expect(new Set(burst.map(({ seed }) => seed)).size).toBe(1);
    expect(turns).toHaveLength(1);
  });

  it('gives the seed of an attempt that failed to the next', async () => {
    const failing = answers.seeded(requestOf('k'), async ({ commandId }, seed) => {
      turns.push({ commandId, seed });
      throw new AppError('STORE_UNAVAILABLE');
    });
    await expect(failing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const { seed, reply } = await answers.seeded(requestOf('k'), work);
    expect(turns).toEqual([turns[0], turns[0]]);
    expect(turns[0]).toMatchObject({ commandId: reply.id, seed });
  });

  it.each(['CONCURRENT_CHANGE', 'RATE_LIMITED', 'SERVICE_UNAVAILABLE', 'INTERNAL_ERROR'] as const)(
    'does the work again after %s, which may pass',
    async (code) => {
      const failing = answers.seeded(requestOf('k'), () => Promise.reject(new AppError(code)));
      await expect(failing).rejects.toMatchObject({ code });
      await answers.seeded(requestOf('k'), work);
      expect(turns).toHaveLength(1);
    },
  );

  describe('for a command by name', () => {
    const found: (string | null)[] = [];
    const attempt = (target: string | null, end = () => Promise.resolve()) =>
      answers.once({ ...requestOf('k'), target: async () => target }, (_, first) => {
        found.push(first);
        return end();
      });
    beforeEach(async () => {
      found.splice(0);
      const failing = attempt('first', () => Promise.reject(new AppError('STORE_UNAVAILABLE')));
      await expect(failing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    it.each(['second', null])('gives the next attempt what the first found, and not %s', async (second) => {
      await attempt(second);
      expect(found).toEqual(['first', 'first']);
    });

    it('asks again what the record of an earlier version does not tell', async () => {
      const [record] = await reads.listRecords('idempotency_v1', { afterId: '', limit: 1 });
      const { target, ...earlier } = record!;
      expect(target).toBe('first');
      await reads.put('idempotency_v1', earlier);
      await attempt('second');
      expect(found).toEqual(['first', 'second']);
    });
  });

  it('gives a refusal again', async () => {
    const refused = () => Promise.reject(new AppError('SECRET_NAME_TAKEN'));
    for (const attempt of [refused, work]) {
      const answer = answers.seeded(requestOf('k'), attempt);
      await expect(answer).rejects.toMatchObject({ code: 'SECRET_NAME_TAKEN' });
    }
  });

  it('gives the success of one process where the work of another, under way at once, is refused', async () => {
    const here = answers;
    await open();
    const there = answers;
    let first: unknown;
    const refused = here.seeded(requestOf('k'), async (): Promise<{ id: string }> => {
      first = await there.seeded(requestOf('k'), work);
      throw new AppError('QUOTA_EXCEEDED');
    });
    expect(await refused).toEqual(first);
    expect(await there.seeded(requestOf('k'), work)).toEqual(first);
    expect(turns).toHaveLength(1);
  });

  it('gives another key, another caller and no key a seed of their own', async () => {
    const other = { ...commandOf('k'), caller: { ...caller, actorId: 'usr_2' } };
    const commands = [commandOf('k'), commandOf('l'), other, commandOf(null), commandOf(null)];
    const seeds = [];
    for (const command of commands)
      seeds.push((await answers.seeded({ message, command, fields }, work)).seed);
    expect(new Set(seeds).size).toBe(commands.length);
  });

  it.each([
    ['another message', { message: { name: 'delete-thing' } }],
    ['other fields', { fields: { name: 'b' } }],
    ['another secret', { secret: new Redacted('b') }],
    ['no secret', { secret: undefined }],
  ])('refuses the key for %s', async (_, other) => {
    const request = { ...requestOf('k'), secret: new Redacted('a') };
    await answers.seeded(request, work);
    const repeated = answers.seeded({ ...request, ...other }, work);
    await expect(repeated).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('forgets the seed together with the answer', async () => {
    const { seed } = await answers.seeded(requestOf('k'), work);
    clock.time += 24 * 3_600_000;
    await answers.purge();
    expect((await answers.seeded(requestOf('k'), work)).seed).toBe(seed);
    clock.time += 1;
    await answers.purge();
    const later = await answers.seeded(requestOf('k'), work);
    expect(later.seed).not.toBe(seed);
    const rows = await reads.find('idempotency_v1', {
      where: {},
      sort: { field: 'createdAt', direction: 'ascending' },
      limit: 10,
    });
    expect(rows.map((row) => row['seed'])).not.toContain(seed);
  });

  it('writes nothing down without a key', async () => {
    const { seed } = await answers.seeded(requestOf(null), work);
    for (const file of readdirSync(directory))
      expect(readFileSync(path.join(directory, file)).includes(seed)).toBe(false);
  });
});
