import { checkAccess, checkSecretsCommand, checkSecretsQuery, type ReplyOf } from '#libs/contracts';
import type { Metrics } from '#libs/observability';
import type { MessageClient } from '#libs/transport';

type Services = Readonly<Record<'access' | 'secretsCommand' | 'secretsQuery', MessageClient>>;
type Projections = ReplyOf<typeof checkAccess>['projections'];

const CONTEXT = { correlationId: 'metrics' };

/**
 * Measures the state of the projections, as the services tell it at each scrape. Of several processes of a service, one
 * is asked.
 */
export function measureProjections(metrics: Metrics, services: Services): void {
  let asking: Promise<Projections> | undefined;
  // The services are asked once for all gauges of a scrape.
  const told = () => (asking ??= ask(services).finally(() => (asking = undefined)));
  metrics.registerGauge({
    name: 'projection_state',
    help: 'The state of a projection is 1: live, or degraded while events are parked; standby where another process runs it',
    labels: ['projection', 'state'],
    read: async () =>
      (await told()).map(({ name, state }) => ({ labels: { projection: name, state }, value: 1 })),
  });
  metrics.registerGauge({
    name: 'projection_parked_events',
    help: 'Events that a projection could not apply and has put aside, as the process says that runs it',
    labels: ['projection'],
    read: async () => {
      const running = (await told()).filter(({ state }) => state === 'live' || state === 'degraded');
      return running.map(({ name, parked }) => ({ labels: { projection: name }, value: parked }));
    },
  });
}

async function ask({ access, secretsCommand, secretsQuery }: Services): Promise<Projections> {
  const answers = await Promise.allSettled([
    access.send(checkAccess, {}, CONTEXT),
    secretsCommand.send(checkSecretsCommand, {}, CONTEXT),
    secretsQuery.send(checkSecretsQuery, {}, CONTEXT),
  ]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.projections : []));
}
