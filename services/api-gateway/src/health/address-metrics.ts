import type { Metrics } from '#libs/observability';
import type { TcpMessageClient } from '#libs/transport';

/**
 * Measures how many addresses of each service answered the last call. It does not say which, because anybody may read
 * /metrics.
 */
export function measureAddresses(
  metrics: Metrics,
  clients: Readonly<Record<string, TcpMessageClient>>,
): void {
  metrics.registerGauge({
    name: 'service_addresses',
    help: 'Addresses of a service, by whether they answered the last call',
    labels: ['service', 'state'],
    read: () =>
      Object.entries(clients).flatMap(([service, { addresses }]) => [
        { labels: { service, state: 'up' }, value: addresses.up },
        { labels: { service, state: 'away' }, value: addresses.away },
      ]),
  });
}
