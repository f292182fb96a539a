import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Put, Req, Res } from '@nestjs/common';
import { changeMemberRole, inviteMember, listMembers, removeMember } from '#libs/contracts';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { Requires } from '../auth/requires';
import { OwnWrites } from '../consistency/own-writes';
import { commandOf } from '../http/command-of';
import { callerOf, contextOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { ACCESS } from '../tokens';
import { ChangeMemberRoleBody, InviteMemberBody } from './member.dto';

@Controller('api/v1/organizations/:organizationId/members')
export class MembersController {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly ownWrites: OwnWrites,
  ) {}

  @Get()
  @Requires('list-members')
  @TakesNoQuery()
  async list(@Req() request: GatewayRequest) {
    return this.access.send(listMembers, { caller: callerOf(request) }, contextOf(request));
  }

  @Post('invite')
  @Requires('invite-member')
  @TakesNoQuery()
  async invite(
    @Body() { email, role = 'member' }: InviteMemberBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
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
  async changeRole(
    @Body() { role }: ChangeMemberRoleBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = { ...commandOf(request), memberId: request.params['id'] ?? '', role };
    const { data, position } = await this.access.send(changeMemberRole, command, contextOf(request));
    this.ownWrites.answer(request, reply, position);
    return { data };
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('remove-member')
  @TakesNoQuery()
  async remove(
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const command = { ...commandOf(request), memberId: request.params['id'] ?? '' };
    const { position } = await this.access.send(removeMember, command, contextOf(request));
    this.ownWrites.answer(request, reply, position);
  }
}
