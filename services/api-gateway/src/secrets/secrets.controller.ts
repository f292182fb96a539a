import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Put, Query, Req, Res } from '@nestjs/common';
import {
  createSecret,
  deleteSecret,
  getLastRead,
  getSecret,
  listSecrets,
  listSecretVersions,
  revealSecret,
  updateSecret,
  type ReplyOf,
  type RequestOf,
} from '#libs/contracts';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { Requires } from '../auth/requires';
import { OwnWrites } from '../consistency/own-writes';
import { callerOf, contextOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { etag } from '../http/write-headers';
import { Operation, Section } from '../openapi/operation';
import { SECRETS_COMMAND, SECRETS_QUERY } from '../tokens';
import { DeleteSecretQuery, ListSecretsQuery, RevealSecretQuery } from './secret-queries.dto';
import {
  pageOf,
  secretRef,
  secretRefParameter,
  toCreate,
  toDelete,
  toList,
  toReveal,
  toUpdate,
} from './secret-messages';
import { secretListReply, secretReply, secretValueReply, secretVersionsReply } from './secret-replies';
import { CreateSecretBody, UpdateSecretBody } from './secret.dto';

@Controller('api/v1/secrets')
@Section({
  name: 'Secrets',
  description:
    'Keys, tokens and credentials. Metadata is listed; a value is opened one at a time, and each opening is recorded.',
  parameters: { id: secretRefParameter },
})
export class SecretsController {
  constructor(
    @Inject(SECRETS_COMMAND) private readonly command: MessageClient,
    @Inject(SECRETS_QUERY) private readonly query: MessageClient,
    private readonly ownWrites: OwnWrites,
  ) {}

  @Get()
  @Requires('list-secrets')
  @Operation({
    message: listSecrets,
    summary: 'List secrets',
    description:
      'The metadata of all secrets, never a value. Shows every write that this gateway has answered; a token from ' +
      '`X-Consistency-Token` makes it wait for a write through another one.',
    reply: secretListReply,
  })
  async list(@Query() query: ListSecretsQuery, @Req() request: GatewayRequest) {
    const atLeast = this.ownWrites.atLeast(request);
    const { data, total } = await this.query.send(
      listSecrets,
      toList(request, query, atLeast),
      contextOf(request),
    );
    const page = pageOf(query);
    return page && total !== null ? { data, page: page.number, page_size: page.size, total } : { data };
  }

  @Post()
  @Requires('create-secret')
  @TakesNoQuery()
  @Operation({
    message: createSecret,
    summary: 'Create a secret',
    reply: secretReply,
    headers: ['location'],
    errors: ['SECRET_NAME_TAKEN', 'QUOTA_EXCEEDED'],
  })
  async create(
    @Body() body: CreateSecretBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const created = await this.command.send(createSecret, toCreate(request, body), contextOf(request));
    this.ownWrites.answer(request, reply, created.position);
    void reply
      .header('location', `/api/v1/secrets/${created.data.id}`)
      .header('etag', etag(created.revision));
    return { data: created.data };
  }

  @Get(':id')
  @Requires('get-secret')
  @TakesNoQuery()
  @Operation({ message: getSecret, summary: "Get a secret's metadata", reply: secretReply })
  async get(@Req() request: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const message = { caller: callerOf(request), secret: secretRef(request) };
    const { data, revision } = await this.query.send(getSecret, message, contextOf(request));
    void reply.header('etag', etag(revision));
    return { data };
  }

  @Get(':id/value')
  @Requires('reveal-secret')
  @Operation({
    message: revealSecret,
    summary: 'Read a value',
    description: 'No value leaves before the record of its reading is durable.',
    reply: secretValueReply,
    headers: ['cache-control'],
    errors: ['INTEGRITY_ERROR'],
  })
  async reveal(
    @Query() query: RevealSecretQuery,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const message = toReveal(request, secretRef(request), query);
    const { id, name, value, version, decryptedAt } = await this.query.send(
      revealSecret,
      message,
      contextOf(request),
    );
    void reply.header('cache-control', 'no-store');
    return { id, name, value: value.expose(), version, decrypted_at: decryptedAt };
  }

  @Put(':id')
  @Requires('update-secret')
  @TakesNoQuery()
  @Operation({
    message: updateSecret,
    summary: 'Change a secret',
    description:
      'Changes what is sent and nothing else. A new value is a new version; a new name renames, the id stays; ' +
      '`null` clears a description, the tags or the expiry.',
    reply: secretReply,
    errors: ['SECRET_NAME_TAKEN'],
  })
  async update(
    @Body() body: UpdateSecretBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const updated = await this.#updated(request, toUpdate(request, secretRef(request), body));
    this.ownWrites.answer(request, reply, updated.position);
    void reply.header('etag', etag(updated.revision));
    return { data: updated.data };
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('delete-secret')
  @Operation({
    message: deleteSecret,
    summary: 'Delete a secret',
    description:
      'The secret and its name are gone at once, its keys when the recovery window of the organization ends; ' +
      'with `destroy=true` they are destroyed now.',
  })
  async delete(
    @Query() query: DeleteSecretQuery,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const message = toDelete(request, secretRef(request), query);
    const { position } = await this.command.send(deleteSecret, message, contextOf(request));
    this.ownWrites.answer(request, reply, position);
  }

  @Get(':id/versions')
  @Requires('list-secret-versions')
  @TakesNoQuery()
  @Operation({
    message: listSecretVersions,
    summary: 'List the versions of a secret',
    description: 'Newest first.',
    reply: secretVersionsReply,
  })
  async versions(@Req() request: GatewayRequest) {
    const message = { caller: callerOf(request), secret: secretRef(request) };
    return this.query.send(listSecretVersions, message, contextOf(request));
  }

  async #updated(
    request: GatewayRequest,
    message: RequestOf<typeof updateSecret>,
  ): Promise<ReplyOf<typeof updateSecret>> {
    const asking = this.#lastReadAt(request, message.secret);
    const send = (lastReadAt: string | null) =>
      this.command.send(updateSecret, { ...message, lastReadAt }, contextOf(request));
    // A repeated request gets the recorded answer, so the answer must be complete when it is recorded.
    if (message.idempotencyKey !== null) return send(await asking);
    const [{ data, ...place }, lastReadAt] = await Promise.all([send(null), asking]);
    return { ...place, data: { ...data, last_read_at: lastReadAt } };
  }

  /**
   * Asks the query service when the secret was last read, because every answer says so. Gives null when it does not
   * answer: a write must not fail for this.
   */
  async #lastReadAt(request: GatewayRequest, secret: string): Promise<string | null> {
    const message = { caller: callerOf(request), secret };
    const known = await this.query.send(getLastRead, message, contextOf(request)).catch(() => null);
    return known?.lastReadAt ?? null;
  }
}
