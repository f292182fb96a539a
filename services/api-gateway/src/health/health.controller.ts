import { Controller, Get, Header, Inject, Req, Res, type OnModuleInit } from '@nestjs/common';
import { checkAccess, checkSecretsCommand, checkSecretsQuery } from '#libs/contracts';
import type { Metrics } from '#libs/observability';
import type { MessageClient, MessageContext } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import * as v from 'valibot';
import { Public } from '../auth/requires';
import { contextOf, type GatewayRequest } from '../http/gateway-request';
import { Operation, Section } from '../openapi/operation';
import { ACCESS, METRICS, SECRETS_COMMAND, SECRETS_QUERY } from '../tokens';
import { measureProjections } from './projection-metrics';

const liveReply = v.strictObject({ status: v.picklist(['ok']) });

const readyReply = v.strictObject({
  status: v.picklist(['ok', 'unavailable']),
  services: v.pipe(
    v.record(v.string(), checkAccess.reply.entries.parts),
    v.description('Each service, and what it needs to answer.'),
  ),
});

/** Routes for orchestrators and dashboards. They stand at the root, not under /api/v1. */
@Controller()
@Section({ name: 'Health', description: 'For orchestrators and dashboards; no credential is asked for.' })
export class HealthController implements OnModuleInit {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    @Inject(SECRETS_COMMAND) private readonly command: MessageClient,
    @Inject(SECRETS_QUERY) private readonly query: MessageClient,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    measureProjections(this.metrics, () => Object.values(this.#ask({ correlationId: 'metrics' })));
  }

  /** Says that the process runs. It asks no service. */
  @Get('livez')
  @Public()
  @Operation({ id: 'checkLiveness', summary: 'Tell whether the process runs', reply: liveReply })
  live() {
    return { status: 'ok' as const };
  }

  /** Says whether everything is there that an answer needs. If not, it gives 503 and says which part is away. */
  @Get('readyz')
  @Public()
  @Operation({
    id: 'checkReadiness',
    summary: 'Tell whether requests can be served',
    description: 'With 503 it says which part is away.',
    reply: readyReply,
    replyAlsoAs: 503,
  })
  async ready(@Req() request: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const asked = Object.entries(this.#ask(contextOf(request)));
    const services = Object.fromEntries(await Promise.all(asked.map(partsOf)));
    const ready = Object.values(services).every((parts) =>
      Object.values(parts).every((state) => state === 'ok'),
    );
    if (!ready) void reply.status(503).header('retry-after', '1');
    return { status: ready ? ('ok' as const) : ('unavailable' as const), services };
  }

  @Get('metrics')
  @Public()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @Operation({ id: 'getMetrics', summary: 'Get metrics in the text format of Prometheus', reply: v.string() })
  async text(): Promise<string> {
    return this.metrics.text();
  }

  #ask(context: MessageContext) {
    return {
      access: this.access.send(checkAccess, {}, context),
      'secrets-command': this.command.send(checkSecretsCommand, {}, context),
      'secrets-query': this.query.send(checkSecretsQuery, {}, context),
    };
  }
}

type Parts = Record<string, 'ok' | 'away'>;

/** A service that does not answer is away as a whole. */
async function partsOf([service, asked]: [string, Promise<{ parts: Parts }>]): Promise<[string, Parts]> {
  const away = { parts: { service: 'away' } as const };
  const { parts } = await asked.catch(() => away);
  return [service, parts];
}
