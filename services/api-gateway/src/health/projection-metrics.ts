import type { checkAccess, ReplyOf } from '#libs/contracts';
import type { Metrics } from '#libs/observability';

type State = Pick<ReplyOf<typeof checkAccess>, 'projections'>;

/**
 * Measures the state of the projections, as the services tell it at each scrape: `ask` gives the answer of each. Of
 * several processes of a service, one is asked.
 */
export function measureProjections(metrics: Metrics, ask: () => readonly Promise<State>[]): void {
  let asking: Promise<State['projections']> | undefined;
  // The services are asked once for all gauges of a scrape.
  const told = () => (asking ??= projectionsOf(ask()).finally(() => (asking = undefined)));
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

async function projectionsOf(asked: readonly Promise<State>[]): Promise<State['projections']> {
  const answers = await Promise.allSettled(asked);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.projections : []));
}
