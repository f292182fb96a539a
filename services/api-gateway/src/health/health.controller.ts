import { Controller, Get, Header, Inject, Req, Res } from '@nestjs/common';
import { checkAccess, checkSecretsCommand, checkSecretsQuery } from '#libs/contracts';
import type { Metrics } from '#libs/observability';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/requires';
import { contextOf, type GatewayRequest } from '../http/gateway-request';
import { ACCESS, METRICS, SECRETS_COMMAND, SECRETS_QUERY } from '../tokens';

/** For orchestrators and dashboards; at the root, not under /api/v1. */
@Controller()
export class HealthController {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    @Inject(SECRETS_COMMAND) private readonly command: MessageClient,
    @Inject(SECRETS_QUERY) private readonly query: MessageClient,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  /** The process runs; asks nobody else. */
  @Get('livez')
  @Public()
  live() {
    return { status: 'ok' };
  }

  /** Everything needed to answer is there; otherwise 503 and which part is away. */
  @Get('readyz')
  @Public()
  async ready(@Req() request: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const context = contextOf(request);
    const services = Object.fromEntries(
      await Promise.all([
        partsOf('access', this.access.send(checkAccess, {}, context)),
        partsOf('secrets-command', this.command.send(checkSecretsCommand, {}, context)),
        partsOf('secrets-query', this.query.send(checkSecretsQuery, {}, context)),
      ]),
    );
    const ready = Object.values(services).every((parts) =>
      Object.values(parts).every((state) => state === 'ok'),
    );
    if (!ready) void reply.status(503).header('retry-after', '1');
    return { status: ready ? 'ok' : 'unavailable', services };
  }

  @Get('metrics')
  @Public()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async text(): Promise<string> {
    return this.metrics.text();
  }
}

type Parts = Record<string, 'ok' | 'away'>;

/** A service that does not answer is away as a whole. */
async function partsOf(service: string, check: Promise<{ parts: Parts }>): Promise<readonly [string, Parts]> {
  return check.then(
    ({ parts }) => [service, parts] as const,
    () => [service, { service: 'away' }] as const,
  );
}
