import { Controller, Inject } from '@nestjs/common';
import { IpRange, issueApiKey, type ApiKeyView, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { AppError, idFromCommand } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import type { AccessConfig } from '../config';
import { actorIn, demand } from '../organizations/actor';
import { Organizations } from '../organizations/organizations';
import { CONFIG } from '../tokens';
import { decideIssue } from './api-key.decider';
import { apiKeyView } from './api-key-view';
import { ApiKeys } from './api-keys';
import { NewApiKeys } from './new-api-keys';

type Command = RequestOf<typeof issueApiKey>;
type Reply = ReplyOf<typeof issueApiKey>;
interface IssueOutcome {
  readonly data: ApiKeyView;
  readonly position: string;
}

@Controller()
export class IssueApiKeyHandler {
  constructor(
    @Inject(CONFIG) private readonly config: AccessConfig,
    private readonly answers: IdempotentAnswers,
    private readonly apiKeys: ApiKeys,
    private readonly newKeys: NewApiKeys,
    private readonly organizations: Organizations,
  ) {}

  @Handles(issueApiKey)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { name, scopes, expiresAt, allowedIps } = command;
    const request = { message: issueApiKey, command, fields: { name, scopes, expiresAt, allowedIps } };
    const { reply, seed } = await this.answers.seeded(request, (identified, keySeed) =>
      this.#issue(identified, keySeed, context),
    );
    const { text } = await this.newKeys.make(reply.data.id, seed);
    return { ...reply, key: text };
  }

  async #issue(command: Command, seed: string, context: MessageContext): Promise<IssueOutcome> {
    const { caller, name, scopes, expiresAt, allowedIps } = command;
    const keyId = idFromCommand('key', command.commandId);
    const { hash } = await this.newKeys.make(keyId, seed);
    const { apiKeysPerOrganizationMax: keysMax } = this.config;
    const { state, position } = await this.organizations.change(command, context, (before, at) => {
      const maker = actorIn(before, caller, at);
      demand(maker, 'issue-api-key', { scopes });
      assertWithin(allowedIps, maker.key?.allowedIps ?? []);
      const key = { keyId, name, scopes, hash, issuedAt: at, expiresAt, allowedIps };
      return decideIssue(before, { key, makerExpiresAt: maker.key?.expiresAt ?? null, keysMax });
    });
    await this.apiKeys.whenIndexed(position);
    const key = state.keys.get(keyId);
    if (!key) throw new AppError('INTERNAL_ERROR');
    return { data: apiKeyView(key, null), position };
  }
}

/** Refuses a new key with more addresses than the key that makes it. Fails with FORBIDDEN. */
function assertWithin(ranges: readonly string[], makersRanges: readonly string[]): void {
  if (makersRanges.length === 0) return;
  const makers = makersRanges.flatMap((text) => IpRange.parse(text) ?? []);
  const isWithin = (text: string) => {
    const range = IpRange.parse(text);
    return range !== null && makers.some((maker) => maker.covers(range));
  };
  if (ranges.length > 0 && ranges.every(isWithin)) return;
  throw new AppError('FORBIDDEN', {
    safeMessage: 'A key cannot make one that works from more addresses than itself',
  });
}
