import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newKey } from '#libs/crypto';
import { Keyring, openKeyStore, type KeyStore } from '#libs/key-store';
import { AppError, newCommandId, Redacted } from '#libs/kernel';
import { openReadStore, type ReadStore } from '#libs/read-store';
import { intercepted } from '#libs/testing';
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

  it('gives an answer again that an earlier version wrote into the record', async () => {
    const first = await answers.seeded(requestOf('k'), work);
    const documents = await reads.listRecords('idempotency_v1', { afterId: '', limit: 2 });
    const [record] = documents.filter((document) => 'seed' in document);
    const { outcome, id } = documents.find((document) => 'outcome' in document) ?? { id: '' };
    await reads.put('idempotency_v1', { ...record!, outcome });
    await reads.remove('idempotency_v1', id);
    expect(await answers.seeded(requestOf('k'), work)).toEqual(first);
    expect(turns).toHaveLength(1);
  });

  it('gives a refusal again', async () => {
    const refused = () => Promise.reject(new AppError('SECRET_NAME_TAKEN'));
    for (const attempt of [refused, work]) {
      const answer = answers.seeded(requestOf('k'), attempt);
      await expect(answer).rejects.toMatchObject({ code: 'SECRET_NAME_TAKEN' });
    }
  });

  describe('in two processes at once', () => {
    const refusing = () => Promise.reject(new AppError('QUOTA_EXCEEDED'));
    let here: IdempotentAnswers;
    let there: IdempotentAnswers;
    beforeEach(async () => {
      here = answers;
      await open();
      there = answers;
    });
    const onlyAnswer = async (first: unknown) => {
      for (const each of [here, there]) expect(await each.seeded(requestOf('k'), work)).toEqual(first);
    };

    it('gives the success of one where the other is refused', async () => {
      let first: unknown;
      const refused = here.seeded(requestOf('k'), async (): Promise<{ id: string }> => {
        first = await there.seeded(requestOf('k'), work);
        return refusing();
      });
      expect(await refused).toEqual(first);
      await onlyAnswer(first);
      expect(turns).toHaveLength(1);
    });

    it('gives the success of one that is recorded after the other has looked, and before it is refused', async () => {
      let goOn: () => void = () => undefined;
      const looked = new Promise<void>((resolve) => (goOn = resolve));
      const first = there.seeded(requestOf('k'), async (command, seed) =>
        looked.then(() => work(command, seed)),
      );
      const get: ReadStore['get'] = async (...asked) => {
        const found = await reads.get(...asked);
        goOn();
        await first;
        return found;
      };
      const keyring = await Keyring.open({ keys, rootKey, clock });
      const looking = new IdempotentAnswers({ reads: intercepted(reads, { get }), clock, keyring });
      await Promise.allSettled([looking.seeded(requestOf('k'), refusing)]);
      await onlyAnswer(await first);
    });

    it('gives the success also where the refusal was recorded first', async () => {
      const success = await here.seeded(requestOf('k'), async (command, seed) => {
        await expect(there.seeded(requestOf('k'), refusing)).rejects.toMatchObject({
          code: 'QUOTA_EXCEEDED',
        });
        return work(command, seed);
      });
      await onlyAnswer(success);
      expect(turns).toHaveLength(1);
    });

    it('gives the first of two replies, which may differ when neither left an event', async () => {
      let first: unknown;
      const second = here.seeded(requestOf('k'), async () => {
        first = await there.seeded(requestOf('k'), work);
        return { id: 'another' };
      });
      expect(await second).toEqual(first);
      await onlyAnswer(first);
    });

    it.each([
      ['a reply', work],
      ['a refusal', refusing],
    ])('does nothing in one that was stopped behind its record until the other gave %s', async (_, end) => {
      const putIfAbsent: ReadStore['putIfAbsent'] = async (...given) => {
        const record = await reads.putIfAbsent(...given);
        await Promise.allSettled([there.seeded(requestOf('k'), end)]);
        clock.time += 1_001;
        return record;
      };
      const keyring = await Keyring.open({ keys, rootKey, clock });
      const stopped = new IdempotentAnswers({ reads: intercepted(reads, { putIfAbsent }), clock, keyring });
      const late = jest.fn(work);
      const [answer] = await Promise.allSettled([stopped.seeded(requestOf('k'), late)]);
      expect(late).not.toHaveBeenCalled();
      expect([answer]).toEqual(await Promise.allSettled([there.seeded(requestOf('k'), work)]));
    });
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
    expect(rows).toHaveLength(2);
  });

  it('gives a request after that time no answer of the one before, of which the purge has left something', async () => {
    const first = await answers.seeded(requestOf('k'), work);
    const documents = await reads.listRecords('idempotency_v1', { afterId: '', limit: 2 });
    for (const { id, ...content } of documents)
      if (!('outcome' in content)) await reads.remove('idempotency_v1', id);
    const later = await answers.seeded(requestOf('k'), work);
    expect(later.reply).not.toEqual(first.reply);
    expect(later.reply).toEqual({ id: turns[1]?.commandId });
  });

  it('writes nothing down without a key', async () => {
    const { seed } = await answers.seeded(requestOf(null), work);
    for (const file of readdirSync(directory))
      expect(readFileSync(path.join(directory, file)).includes(seed)).toBe(false);
  });
});
