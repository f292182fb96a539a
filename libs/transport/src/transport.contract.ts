import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import * as v from 'valibot';
import { defineMessage, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError, Redacted } from '#libs/kernel';
import { Handles } from './handles';
import type { MessageClient, MessageContext } from './message-client';
import { unavailable } from './message-dispatcher';
import { NotTaken } from './not-taken';

export const CANARY = 'Canary-7f3a9c';
const text = v.strictObject({ text: v.string() });

export const echo = defineMessage({
  name: 'echo',
  kind: 'query',
  request: v.strictObject({ text: v.string(), tags: v.optional(v.array(v.string())) }),
  reply: v.strictObject({
    text: v.string(),
    tags: v.optional(v.array(v.string())),
    correlationId: v.string(),
  }),
});
export const keep = defineMessage({
  name: 'keep',
  kind: 'command',
  request: v.strictObject({ value: v.instance(Redacted<string>), note: v.nullable(v.string()) }),
  reply: v.strictObject({ value: v.instance(Redacted<string>), length: v.number() }),
});
const refuse = defineMessage({ name: 'refuse', kind: 'command', request: text, reply: text });
const fail = defineMessage({ name: 'fail', kind: 'command', request: text, reply: text });
const misreply = defineMessage({ name: 'misreply', kind: 'query', request: text, reply: text });
export const hang = defineMessage({ name: 'hang', kind: 'command', request: text, reply: text });
/** Its contract lets any reply pass, also the one that its handler gives, which JSON cannot hold. */
export const give = defineMessage({
  name: 'give',
  kind: 'query',
  request: text,
  reply: v.strictObject({ anything: v.unknown() }),
});
/** Its handler fails as if it had sent a message that nobody took. */
export const passOn = defineMessage({ name: 'pass-on', kind: 'command', request: text, reply: text });
const unhandled = defineMessage({ name: 'unhandled', kind: 'query', request: text, reply: text });

const misreplies: Record<string, unknown> = {
  bigint: { text: 1n },
  'unknown field': { text: 'a', more: CANARY },
  'missing field': {},
  'wrong type': { text: 1 },
  nothing: undefined,
  null: null,
};

@Controller()
class TestController {
  @Handles(echo)
  async echo(request: RequestOf<typeof echo>, context: MessageContext): Promise<ReplyOf<typeof echo>> {
    return { ...request, correlationId: context.correlationId };
  }

  @Handles(keep)
  async keep({ value }: RequestOf<typeof keep>): Promise<ReplyOf<typeof keep>> {
    return { value, length: value.expose().length };
  }

  @Handles(refuse)
  async refuse(): Promise<ReplyOf<typeof refuse>> {
    throw new AppError('RATE_LIMITED', {
      safeMessage: 'Too many for a test',
      details: [{ field: 'name', message: 'is taken' }],
      retryAfterSeconds: 7,
      cause: new Error(CANARY),
    });
  }

  @Handles(fail)
  async fail(request: RequestOf<typeof fail>): Promise<ReplyOf<typeof fail>> {
    if (request.text === 'startup') throw new AppError('STORE_CORRUPT', { safeMessage: CANARY });
    throw new TypeError(`cannot read "${request.text}"`);
  }

  @Handles(misreply)
  async misreply(request: RequestOf<typeof misreply>): Promise<ReplyOf<typeof misreply>> {
    return misreplies[request.text] as ReplyOf<typeof misreply>;
  }

  @Handles(give)
  async give(): Promise<ReplyOf<typeof give>> {
    return { anything: 1n };
  }

  @Handles(passOn)
  async passOn(): Promise<ReplyOf<typeof passOn>> {
    throw unavailable(new NotTaken());
  }

  @Handles(hang)
  hang(): Promise<ReplyOf<typeof hang>> {
    return new Promise(() => undefined);
  }
}

@Module({ controllers: [TestController] })
class TestModule {}

/** The test controller behind a server strategy; `listen()` starts it. */
export function createService(strategy: CustomTransportStrategy): Promise<INestMicroservice> {
  const options: object = { strategy, logger: false };
  return NestFactory.createMicroservice(TestModule, options);
}

export interface OpenTransport {
  readonly client: MessageClient;
  /** The lines that the server has logged so far. */
  readonly lines: readonly string[];
  /** Closes the server's side. */
  closeServer(): Promise<void>;
}

const context: MessageContext = { correlationId: 'request-1' };
const codeOf = (code: string) => expect.objectContaining({ code }) as unknown;

/** What holds for every transport. `open` starts the test module behind it, with a deadline of 300 ms. */
export function describeTransport(name: string, open: () => Promise<OpenTransport>): void {
  describe(name, () => {
    let transport: OpenTransport;
    const untyped = (message: object, request: unknown) =>
      transport.client.send(message as typeof echo, request as RequestOf<typeof echo>, context);

    beforeEach(async () => {
      transport = await open();
    });

    afterEach(async () => {
      await transport.client.close();
      await transport.closeServer();
    });

    it('answers a request', async () => {
      const reply = await transport.client.send(
        echo,
        { text: 'grüße \u0000 \ud83d\ude00', tags: ['a'] },
        context,
      );
      expect(reply).toEqual({ text: 'grüße \u0000 \ud83d\ude00', tags: ['a'], correlationId: 'request-1' });
    });

    it('answers 1,000 requests at once, each with its own reply', async () => {
      const sent = Array.from({ length: 1_000 }, (_, i) =>
        transport.client.send(echo, { text: `${i}` }, context),
      );
      const replies = await Promise.all(sent);
      expect(replies.map((reply) => reply.text)).toEqual(replies.map((_, i) => `${i}`));
    });

    it('carries a Redacted value both ways, and prints it nowhere', async () => {
      const reply = await transport.client.send(keep, { value: new Redacted(CANARY), note: null }, context);
      expect(reply.value).toBeInstanceOf(Redacted);
      expect(reply.value.expose()).toBe(CANARY);
      expect(reply.length).toBe(CANARY.length);
      await expect(untyped(keep, { value: new Redacted(CANARY), note: 1 })).rejects.toEqual(
        codeOf('INTERNAL_ERROR'),
      );
      expect(transport.lines.join('')).not.toContain(CANARY);
    });

    it('carries an AppError with all that is for the caller', async () => {
      await expect(transport.client.send(refuse, { text: '' }, context)).rejects.toMatchObject({
        name: 'AppError',
        code: 'RATE_LIMITED',
        kind: 'rate-limited',
        safeMessage: 'Too many for a test',
        details: [{ field: 'name', message: 'is taken' }],
        retryAfterSeconds: 7,
      });
      expect(transport.lines).toEqual([]);
    });

    it('makes INTERNAL_ERROR of any other error, and logs it without its text', async () => {
      const sent = transport.client.send(fail, { text: CANARY }, context);
      await expect(sent).rejects.toMatchObject({ code: 'INTERNAL_ERROR', message: 'Internal error' });
      expect(JSON.parse(transport.lines[0] ?? '')).toMatchObject({
        event: 'message failed',
        message_name: 'fail',
        request_id: 'request-1',
        error_name: 'TypeError',
        stack: expect.stringContaining('transport.contract') as string,
      });
      expect(transport.lines.join('')).not.toContain(CANARY);
    });

    it('keeps errors of the start to the server', async () => {
      const sent = transport.client.send(fail, { text: 'startup' }, context);
      await expect(sent).rejects.toMatchObject({ code: 'INTERNAL_ERROR', message: 'Internal error' });
    });

    it.each([
      ['an unknown field', { text: 'a', [CANARY]: CANARY }, 'request: unknown field'],
      ['an unknown field with a built-in name', { text: 'a', constructor: CANARY }, 'request: unknown field'],
      ['a field of another type', { text: 'a', tags: [CANARY, 1] }, 'request: tags.1'],
      ['a missing field', { tags: [] }, 'request: text'],
      ['null', null, 'request: whole'],
      ['a string', CANARY, 'request: whole'],
    ])('refuses a request with %s', async (_what, request, field) => {
      await expect(untyped(echo, request)).rejects.toEqual(codeOf('INTERNAL_ERROR'));
      expect(JSON.parse(transport.lines[0] ?? '')).toMatchObject({ message_name: 'echo', field });
      expect(transport.lines.join('')).not.toContain(CANARY);
    });

    it('refuses a bigint in a request', async () => {
      await expect(untyped(echo, { text: 1n })).rejects.toEqual(codeOf('INTERNAL_ERROR'));
      await expect(transport.client.send(echo, { text: 'a' }, context)).resolves.toMatchObject({ text: 'a' });
    });

    it.each(Object.keys(misreplies))(
      'refuses a reply with %s instead of leaving the caller waiting',
      async (kind) => {
        const sent = transport.client.send(misreply, { text: kind }, context);
        await expect(sent).rejects.toEqual(codeOf('INTERNAL_ERROR'));
        expect(JSON.parse(transport.lines[0] ?? '')).toMatchObject({ message_name: 'misreply' });
        expect(transport.lines.join('')).not.toContain(CANARY);
      },
    );

    it('answers SERVICE_UNAVAILABLE to a message that nobody handles', async () => {
      await expect(transport.client.send(unhandled, { text: '' }, context)).rejects.toEqual(
        codeOf('SERVICE_UNAVAILABLE'),
      );
    });

    it('answers SERVICE_UNAVAILABLE after the deadline, and goes on with other messages', async () => {
      await expect(transport.client.send(hang, { text: '' }, context)).rejects.toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
      });
      await expect(transport.client.send(echo, { text: 'a' }, context)).resolves.toMatchObject({ text: 'a' });
    });

    it.each([
      ['a line break', 'a\nb'],
      ['nothing', ''],
      ['a space', 'a b'],
      ['too much', 'x'.repeat(129)],
      ['a number', 1],
      ['undefined', undefined],
    ])('refuses a correlation id with %s', async (_what, correlationId) => {
      const sent = transport.client.send(echo, { text: 'a' }, { correlationId: correlationId as string });
      await expect(sent).rejects.toEqual(codeOf('INTERNAL_ERROR'));
    });

    it('answers a ping without any handler', async () => {
      await expect(transport.client.ping()).resolves.toBeUndefined();
    });

    it('answers nothing once the server is closed', async () => {
      await transport.closeServer();
      await expect(transport.client.ping()).rejects.toEqual(codeOf('SERVICE_UNAVAILABLE'));
      const sent = transport.client.send(echo, { text: 'a' }, context);
      await expect(sent).rejects.toEqual(codeOf('SERVICE_UNAVAILABLE'));
    });

    it('answers what it has taken before it closes', async () => {
      const sent = Array.from({ length: 50 }, () => transport.client.send(echo, { text: 'a' }, context));
      await transport.client.ping();
      const [replies] = await Promise.all([Promise.all(sent), transport.closeServer()]);
      expect(replies).toHaveLength(50);
    });

    it('sends nothing once the client is closed', async () => {
      await transport.client.close();
      await expect(transport.client.ping()).rejects.toEqual(codeOf('SERVICE_UNAVAILABLE'));
      const sent = transport.client.send(echo, { text: 'a' }, context);
      await expect(sent).rejects.toEqual(codeOf('SERVICE_UNAVAILABLE'));
    });
  });
}
