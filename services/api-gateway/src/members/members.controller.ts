import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Put, Req, Res } from '@nestjs/common';
import { changeMemberRole, inviteMember, listMembers, removeMember } from '#libs/contracts';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { demandRecentSignIn } from '../auth/recent-sign-in';
import { Requires } from '../auth/requires';
import { OwnWrites } from '../consistency/own-writes';
import { commandOf } from '../http/command-of';
import { callerOf, contextOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { idParameter, Operation, Section } from '../openapi/operation';
import { invitedReply, memberListReply, memberReply } from './member-replies';
import { ACCESS } from '../tokens';
import { ChangeMemberRoleBody, InviteMemberBody } from './member.dto';

@Controller('api/v1/organizations/:organizationId/members')
@Section({
  name: 'Members',
  description: 'The people of an organization. Each has a role: owner, admin, member or viewer.',
  parameters: {
    organizationId: idParameter('org', 'The organization.'),
    id: idParameter('mem', 'The membership.'),
  },
})
export class MembersController {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly ownWrites: OwnWrites,
  ) {}

  @Get()
  @Requires('list-members')
  @TakesNoQuery()
  @Operation({
    message: listMembers,
    summary: 'List members',
    description: 'The longest standing first.',
    reply: memberListReply,
  })
  async list(@Req() request: GatewayRequest) {
    return this.access.send(listMembers, { caller: callerOf(request) }, contextOf(request));
  }

  @Post('invite')
  @Requires('invite-member')
  @TakesNoQuery()
  @Operation({
    message: inviteMember,
    summary: 'Invite somebody',
    description:
      'The link is shown this once, and mailed where mail is set up. An earlier invitation of the address ends.',
    reply: invitedReply,
    headers: ['cache-control'],
    errors: ['REAUTHENTICATION_REQUIRED', 'ALREADY_MEMBER', 'QUOTA_EXCEEDED'],
  })
  async invite(
    @Body() { email, role = 'member' }: InviteMemberBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (role === 'owner') demandRecentSignIn(request);
    const command = { ...commandOf(request), email, role };
    const invited = await this.access.send(inviteMember, command, contextOf(request));
    this.ownWrites.answer(request, reply, invited.position);
    void reply.header('cache-control', 'no-store');
    const { data, acceptLink, mailed } = invited;
    return { data: { ...data, accept_link: acceptLink.expose(), mailed } };
  }

  @Put(':id')
  @Requires('change-member-role')
  @TakesNoQuery()
  @Operation({
    message: changeMemberRole,
    summary: 'Give a member another role',
    reply: memberReply,
    errors: ['REAUTHENTICATION_REQUIRED', 'LAST_OWNER'],
  })
  async changeRole(
    @Body() { role }: ChangeMemberRoleBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    // Nobody can take back an organization that was handed over.
    if (role === 'owner') demandRecentSignIn(request);
    const command = { ...commandOf(request), memberId: request.params['id'] ?? '', role };
    const { data, position } = await this.access.send(changeMemberRole, command, contextOf(request));
    this.ownWrites.answer(request, reply, position);
    return { data };
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('remove-member')
  @TakesNoQuery()
  @Operation({
    message: removeMember,
    summary: 'Remove a member',
    description: 'Out from the next request on. A person may leave by the same way.',
    errors: ['LAST_OWNER'],
  })
  async remove(
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const command = { ...commandOf(request), memberId: request.params['id'] ?? '' };
    const { position } = await this.access.send(removeMember, command, contextOf(request));
    this.ownWrites.answer(request, reply, position);
  }
}
