import { Body, Controller, Get, Inject, Post, Put, Req, Res } from '@nestjs/common';
import { changeOrganization, createOrganization, getOrganization, listOrganizations } from '#libs/contracts';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { Requires } from '../auth/requires';
import { OwnWrites } from '../consistency/own-writes';
import { commandOf } from '../http/command-of';
import { callerOf, contextOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { ACCESS } from '../tokens';
import { ChangeOrganizationBody, CreateOrganizationBody } from './organization.dto';

@Controller('api/v1/organizations')
export class OrganizationsController {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly ownWrites: OwnWrites,
  ) {}

  @Get()
  @Requires('list-organizations')
  @TakesNoQuery()
  async list(@Req() request: GatewayRequest) {
    return this.access.send(listOrganizations, { caller: callerOf(request) }, contextOf(request));
  }

  @Post()
  @Requires('create-organization')
  @TakesNoQuery()
  async create(
    @Body() { name }: CreateOrganizationBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = { ...commandOf(request), name };
    const { data, position } = await this.access.send(createOrganization, command, contextOf(request));
    this.ownWrites.answer(request, reply, position);
    void reply.header('location', `/api/v1/organizations/${data.id}`);
    return { data };
  }

  @Get(':organizationId')
  @Requires('get-organization')
  @TakesNoQuery()
  async get(@Req() request: GatewayRequest) {
    return this.access.send(getOrganization, { caller: callerOf(request) }, contextOf(request));
  }

  @Put(':organizationId')
  @Requires('change-organization')
  @TakesNoQuery()
  async change(
    @Body() { name, recovery_days: recoveryDays }: ChangeOrganizationBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = { ...commandOf(request), name, recoveryDays };
    const { data, position } = await this.access.send(changeOrganization, command, contextOf(request));
    this.ownWrites.answer(request, reply, position);
    return { data };
  }
}
