import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { issueApiKey, listApiKeys, revokeApiKey, scopesOf } from '#libs/contracts';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { demandRecentSignIn } from '../auth/recent-sign-in';
import { Requires } from '../auth/requires';
import { OwnWrites } from '../consistency/own-writes';
import { utc } from '../fields/time-field.dto';
import { commandOf } from '../http/command-of';
import { callerOf, contextOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { idParameter, Operation, Section } from '../openapi/operation';
import { ACCESS } from '../tokens';
import { apiKeyListReply, issuedApiKeyReply } from './api-key-replies';
import { IssueApiKeyBody } from './api-key.dto';

@Controller('api/v1/organizations/:organizationId/api-keys')
@Section({
  name: 'API keys',
  description: 'For programs. A key belongs to one organization and may do what its scopes say.',
  parameters: {
    organizationId: idParameter('org', 'The organization.'),
    id: idParameter('key', 'The key.'),
  },
})
export class ApiKeysController {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly ownWrites: OwnWrites,
  ) {}

  @Get()
  @Requires('list-api-keys')
  @TakesNoQuery()
  @Operation({
    message: listApiKeys,
    summary: 'List API keys',
    description: 'The oldest first, never the keys themselves.',
    reply: apiKeyListReply,
  })
  async list(@Req() request: GatewayRequest) {
    return this.access.send(listApiKeys, { caller: callerOf(request) }, contextOf(request));
  }

  /** A key that is issued without scopes may do with secrets what a member may do. */
  @Post()
  @Requires('issue-api-key')
  @TakesNoQuery()
  @Operation({
    message: issueApiKey,
    summary: 'Issue an API key',
    description:
      'Shown this once. At most as wide and as long-lived as its maker; without scopes it can do with secrets what a member can.',
    reply: issuedApiKeyReply,
    headers: ['cache-control'],
    errors: ['REAUTHENTICATION_REQUIRED', 'QUOTA_EXCEEDED'],
  })
  async issue(
    @Body() body: IssueApiKeyBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { name, scopes = [...scopesOf.member], expires_at: expiresAt, allowed_ips: allowedIps } = body;
    // Such a key can make more keys, so a session that was left open must not be enough to issue it.
    if (scopes.includes('keys:manage')) demandRecentSignIn(request);
    const command = {
      ...commandOf(request),
      name,
      scopes,
      expiresAt: utc(expiresAt) ?? null,
      allowedIps: allowedIps ?? [],
    };
    const { data, key, position } = await this.access.send(issueApiKey, command, contextOf(request));
    this.ownWrites.answer(request, reply, position);
    void reply.header('cache-control', 'no-store');
    return { ...data, key: key.expose() };
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('revoke-api-key')
  @TakesNoQuery()
  @Operation({
    message: revokeApiKey,
    summary: 'Revoke an API key',
    description: 'It stops working at once.',
  })
  async revoke(
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const command = { ...commandOf(request), keyId: request.params['id'] ?? '' };
    const { position } = await this.access.send(revokeApiKey, command, contextOf(request));
    this.ownWrites.answer(request, reply, position);
  }
}
