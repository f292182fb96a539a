import { Body, Controller, Get, Inject, Post, Put, Req, Res } from '@nestjs/common';
import { changeOrganization, createOrganization, getOrganization, listOrganizations } from '#libs/contracts';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { Requires } from '../auth/requires';
import { OwnWrites } from '../consistency/own-writes';
import { commandOf } from '../http/command-of';
import { callerOf, contextOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { idParameter, Operation, Section } from '../openapi/operation';
import { organizationListReply, organizationReply } from './organization-replies';
import { ACCESS } from '../tokens';
import { ChangeOrganizationBody, CreateOrganizationBody } from './organization.dto';

@Controller('api/v1/organizations')
@Section({
  name: 'Organizations',
  description:
    'Whoever uses an organization sees its secrets and nobody else does. A person has a personal one from the start.',
  parameters: { organizationId: idParameter('org', 'The organization.') },
})
export class OrganizationsController {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly ownWrites: OwnWrites,
  ) {}

  @Get()
  @Requires('list-organizations')
  @TakesNoQuery()
  @Operation({
    message: listOrganizations,
    summary: 'List organizations',
    description: 'Those that the person is a member of, the personal one first; of a key its own.',
    reply: organizationListReply,
  })
  async list(@Req() request: GatewayRequest) {
    return this.access.send(listOrganizations, { caller: callerOf(request) }, contextOf(request));
  }

  @Post()
  @Requires('create-organization')
  @TakesNoQuery()
  @Operation({
    message: createOrganization,
    summary: 'Create an organization',
    description: 'Whoever creates it owns it.',
    reply: organizationReply,
    headers: ['location'],
    errors: ['QUOTA_EXCEEDED'],
  })
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
  @Operation({ message: getOrganization, summary: 'Get an organization', reply: organizationReply })
  async get(@Req() request: GatewayRequest) {
    return this.access.send(getOrganization, { caller: callerOf(request) }, contextOf(request));
  }

  @Put(':organizationId')
  @Requires('change-organization')
  @TakesNoQuery()
  @Operation({
    message: changeOrganization,
    summary: 'Change an organization',
    description: 'Changes what is sent and nothing else.',
    reply: organizationReply,
  })
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
