import { maxHeaderSize } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { newCommandId } from '#libs/kernel';
import type { GatewayConfig } from '../config';
import { answerClientError, answerTunnel } from './client-error';
import { BODY_BYTES_MAX, parseJsonBody } from './json-body';
import { routedUrl } from './routed-url';

/** Headers must have arrived by then, the whole request a little later (cases C3, I2). */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** The request id of a client is echoed when it is sane, and not the beginning of a key; it goes into logs, events and headers. */
const SANE_REQUEST_ID = /^(?!.*hklst_)[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/i;

/** Unlike any other process's; with a counter behind it, unlike any other request's. */
const PROCESS_ID = newCommandId().replaceAll('-', '');
let requests = 0;

function requestId({ headers }: { headers: Record<string, unknown> }): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && SANE_REQUEST_ID.test(given)) return given;
  requests += 1;
  // Of one length, so that no answer is told from another by its own.
  return `${PROCESS_ID}-${requests.toString(36).padStart(8, '0')}`;
}

/** The HTTP server: everything that limits a request before any handler sees it. */
export function createHttpAdapter(config: GatewayConfig): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
    exposeHeadRoutes: false,
    // The router refuses by itself, past all hooks, what is longer: nothing in a URL is.
    routerOptions: { maxParamLength: maxHeaderSize },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    genReqId: requestId,
    rewriteUrl: routedUrl,
    clientErrorHandler: answerClientError,
    // What arrives while the server closes on a connection that is open is answered like any other.
    return503OnClosing: false,
    ...serverOptions(config),
  });
  const server = adapter.getInstance();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  server.decorateRequest('identity', null);
  server.decorateRequest('action', null);
  // Node would answer by itself. Our hooks refuse it, in its turn behind what came before on the connection.
  server.server.on('checkExpectation', (request, response) =>
    server.server.emit('request', request, response),
  );
  server.server.on('connect', answerTunnel);
  if (config.connectionsMax > 0) server.server.maxConnections = config.connectionsMax;
  return adapter;
}

/** DTOs validate here; so that Fastify's own validator, which would serve no route, is not loaded either. */
function noSchemas(): never {
  throw new Error('Fastify validates nothing here: declare a DTO');
}

function serverOptions({ tls }: GatewayConfig) {
  const limits = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
    // Refused by our own hook, in the shape of all errors.
    requireHostHeader: false,
  };
  if (!tls) return { http: limits };
  return { https: { ...limits, ...tls, minVersion: 'TLSv1.2' as const } };
}
