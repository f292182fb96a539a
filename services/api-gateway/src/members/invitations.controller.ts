import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { acceptInvitation, listInvitations, revokeInvitation } from '#libs/contracts';
import { Redacted } from '#libs/kernel';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { Requires } from '../auth/requires';
import { OwnWrites } from '../consistency/own-writes';
import { commandOf } from '../http/command-of';
import { callerOf, contextOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { idParameter, Operation, Section } from '../openapi/operation';
import { organizationReply } from '../organizations/organization-replies';
import { ACCESS } from '../tokens';
import { invitationListReply } from './member-replies';
import { AcceptInvitationBody } from './member.dto';

@Controller('api/v1')
@Section({
  name: 'Invitations',
  description: 'Not yet accepted. Each is good for one person, once.',
  parameters: {
    organizationId: idParameter('org', 'The organization.'),
    id: idParameter('inv', 'The invitation.'),
  },
})
export class InvitationsController {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly ownWrites: OwnWrites,
  ) {}

  @Get('organizations/:organizationId/invitations')
  @Requires('list-invitations')
  @TakesNoQuery()
  @Operation({
    message: listInvitations,
    summary: 'List invitations',
    description: 'Those that can still be accepted, the oldest first.',
    reply: invitationListReply,
  })
  async list(@Req() request: GatewayRequest) {
    return this.access.send(listInvitations, { caller: callerOf(request) }, contextOf(request));
  }

  @Delete('organizations/:organizationId/invitations/:id')
  @HttpCode(204)
  @Requires('revoke-invitation')
  @TakesNoQuery()
  @Operation({ message: revokeInvitation, summary: 'Revoke an invitation' })
  async revoke(
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const command = { ...commandOf(request), invitationId: request.params['id'] ?? '' };
    const { position } = await this.access.send(revokeInvitation, command, contextOf(request));
    this.ownWrites.answer(request, reply, position);
  }

  /** The person who was invited is no member yet, so the path names no organization. */
  @Post('invitations/accept')
  @HttpCode(200)
  @Requires('accept-invitation')
  @TakesNoQuery()
  @Operation({
    message: acceptInvitation,
    summary: 'Accept an invitation',
    reply: organizationReply,
    errors: ['NOT_FOUND', 'ALREADY_MEMBER', 'QUOTA_EXCEEDED'],
  })
  async accept(
    @Body() { token }: AcceptInvitationBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = { ...commandOf(request), token: new Redacted(token) };
    const { data, position } = await this.access.send(acceptInvitation, command, contextOf(request));
    this.ownWrites.answer(request, reply, position);
    return { data };
  }
}
