import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { IpRange } from '#libs/contracts';
import {
  configInvalid,
  integer,
  isLoopback,
  list,
  optionalText,
  readEnv,
  readTogether,
  text,
} from '#libs/kernel';
import { addresses, processSettings, publicUrl, readIdentity } from '#libs/process';

/** Settings of the gateway. */
export type GatewayConfig = ReturnType<typeof readGatewayConfig>;

const httpSettings = {
  CONNECTIONS_MAX: integer(10_000, 0, 1_000_000),
  HOST: text('127.0.0.1'),
  PORT: integer(8080, 0, 65_535),
  PUBLIC_URL: publicUrl,
  TRUSTED_PROXIES: list('addresses or CIDR ranges', (entry) => IpRange.parse(entry) !== null),
};

const rateLimitSettings = {
  // More than one process can answer: only a flood meets the first three.
  RATE_LIMIT_PER_ADDRESS: integer(50_000, 0, 1_000_000),
  RATE_LIMIT_PER_CREDENTIAL: integer(50_000, 0, 1_000_000),
  RATE_LIMIT_PER_ORGANIZATION: integer(50_000, 0, 1_000_000),
  AUTH_FAILURES_PER_ADDRESS: integer(300, 0, 1_000_000),
  AUTH_FAILURES_PER_KEY: integer(150, 0, 1_000_000),
};

export function readGatewayConfig(env = process.env) {
  const { settings, tls } = readTogether({
    settings: () => readEnv(env, { ...httpSettings, ...rateLimitSettings }),
    tls: () => readTls(env),
  });
  const { HOST: host, PUBLIC_URL: url, TRUSTED_PROXIES: trustedProxies } = settings;
  if (!tls && trustedProxies.length === 0 && !isLoopback(host)) {
    throw configInvalid(
      'HOST',
      'is not a loopback address, and secrets do not travel over plain HTTP: set TLS_CERT_FILE and TLS_KEY_FILE, ' +
        'or TRUSTED_PROXIES to the addresses of the proxy that terminates TLS in front',
    );
  }
  return {
    host,
    port: settings.PORT,
    tls,
    trustedProxies,
    /** What browsers call the origin of our own pages; null: whatever host they ask for. */
    publicOrigin: url && new URL(url).origin,
    /** Browsers reach us under TLS, ours or the proxy's: plain HTTP is served on the loopback interface alone. */
    secureCookies: tls !== null || trustedProxies.length > 0,
    /** Connections that may be open at once; 0 for as many as the system gives. */
    connectionsMax: settings.CONNECTIONS_MAX,
    rateLimits: {
      perAddress: settings.RATE_LIMIT_PER_ADDRESS,
      perCredential: settings.RATE_LIMIT_PER_CREDENTIAL,
      perOrganization: settings.RATE_LIMIT_PER_ORGANIZATION,
      failuresPerAddress: settings.AUTH_FAILURES_PER_ADDRESS,
      failuresPerKey: settings.AUTH_FAILURES_PER_KEY,
    },
  };
}

/** Certificate and key, checked to belong together; null when neither is set. */
function readTls(env: NodeJS.ProcessEnv) {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = readEnv(env, {
    TLS_CERT_FILE: optionalText(),
    TLS_KEY_FILE: optionalText(),
  });
  if (certFile === undefined && keyFile === undefined) return null;
  if (certFile === undefined || keyFile === undefined) {
    throw configInvalid('TLS_CERT_FILE', 'and TLS_KEY_FILE must be set both, or neither');
  }
  try {
    const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    throw configInvalid(
      'TLS_CERT_FILE',
      'and TLS_KEY_FILE must name a readable certificate and its key',
      cause,
    );
  }
}

/** Settings of the process, when the gateway is one of its own: where the services are. */
export function readGatewayHostConfig(env = process.env) {
  const services = {
    ACCESS_URL: addresses('tcp://127.0.0.1:7101'),
    SECRETS_COMMAND_URL: addresses('tcp://127.0.0.1:7102'),
    SECRETS_QUERY_URL: addresses('tcp://127.0.0.1:7103'),
  };
  const { settings, identity } = readTogether({
    settings: () => readEnv(env, { ...processSettings, ...services }),
    identity: () => readIdentity(env),
  });
  return {
    logLevel: settings.LOG_LEVEL,
    healthFile: settings.HEALTH_FILE,
    identity,
    /** The addresses of each service, by its name. */
    services: {
      access: settings.ACCESS_URL,
      'secrets-command': settings.SECRETS_COMMAND_URL,
      'secrets-query': settings.SECRETS_QUERY_URL,
    },
  };
}
