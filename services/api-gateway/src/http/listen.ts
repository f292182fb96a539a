import { portUnavailable } from '#libs/kernel';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { GatewayConfig } from '../config';

/** Opens the port of an application that is initialised; gives the URL. Fails with PORT_UNAVAILABLE and a sentence that says what to do. */
export async function listen(app: NestFastifyApplication, config: GatewayConfig): Promise<string> {
  const { host, port } = config;
  try {
    // Not Nest's own listen: it logs a refusal that is about to become a sentence.
    await app.getHttpAdapter().getInstance().listen({ port, host, backlog: BACKLOG });
  } catch (cause) {
    throw portUnavailable({ host, port, settings: { host: 'HOST', port: 'PORT' } }, cause);
  }
  const address = app.getHttpServer().address();
  const actual = typeof address === 'object' && address ? address.port : port;
  return urlOf(config, actual);
}

/** Where a gateway with this configuration is reached on that port. */
export function urlOf({ host, tls }: Pick<GatewayConfig, 'host' | 'tls'>, port: number): string {
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Connections that the system opens before we have taken them; it lowers this to its own limit (4,096 on Linux). Beyond
 * it clients knock again after 1, 3 and 7 s, and of some it forgets that they were let in (tcp_syncookies). Node: 511.
 */
const BACKLOG = 8_192;
