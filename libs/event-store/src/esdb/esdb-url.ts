import { readFileSync } from 'node:fs';
import type {
  ChannelCredentialOptions,
  DNSClusterOptions,
  GossipClusterOptions,
  SingleNodeOptions,
} from '@eventstore/db-client';
import { AppError, isLoopback } from '#libs/kernel';

export interface EsdbSettings {
  readonly connection: SingleNodeOptions | GossipClusterOptions | DNSClusterOptions;
  readonly channel: ChannelCredentialOptions;
  readonly credentials: { username: string; password: string } | undefined;
}

interface Endpoint {
  address: string;
  port: number;
}

const URL_FORM = /^esdb(\+discover)?:\/\/(?:([^:@/]+):([^@/]+)@)?([^/?@]+)\/?(?:\?(.*))?$/;
const HOST_FORM = /^([a-z0-9._-]+)(?::(\d{1,5}))?$/i;

// The client's defaults of 10 s each would leave a dead connection unnoticed for 20 s, longer than any caller waits.
const NUMBERS = { keepAliveInterval: 2000, keepAliveTimeout: 1000, discoveryInterval: 500, gossipTimeout: 5 };
const FILES = { tlsCAFile: 'rootCertificate', userCertFile: 'userCertFile', userKeyFile: 'userKeyFile' };
const PARAMETERS = ['tls', ...Object.keys(FILES), ...Object.keys(NUMBERS)];

/**
 * Parses a connection string. Fails with CONFIG_INVALID, which says what is wrong but does not quote the string. The
 * client's own parser is not used: it ignores unknown parameters, drops the credentials silently without TLS, and
 * prints the string with its password when `DEBUG` names `esdb`.
 */
export function parseEsdbUrl(url: string, allowPlaintext = false): EsdbSettings {
  const [, discover, username, password, hosts, query] = URL_FORM.exec(url) ?? [];
  if (hosts === undefined) throw invalid('must look like esdb://user:password@host:port?key=value');
  const endpoints = hosts.split(',').map(endpoint);
  const parameters = new Map(new URLSearchParams(query));
  for (const key of parameters.keys()) {
    if (!PARAMETERS.includes(key)) throw invalid(`may have only the parameters ${PARAMETERS.join(', ')}`);
  }
  return {
    connection: { ...place(endpoints, discover !== undefined), ...numbers(parameters) },
    channel: channelCredentials(parameters, allowPlaintext || endpoints.every(isHere)),
    credentials:
      username && password ? { username: decoded(username), password: decoded(password) } : undefined,
  };
}

function endpoint(text: string): Endpoint {
  const [, address, port = '2113'] = HOST_FORM.exec(text) ?? [];
  if (address === undefined || Number(port) > 65_535) throw invalid('needs hosts of the form name:port');
  return { address, port: Number(port) };
}

/** In a cluster the leader is asked, because reads and subscriptions require it anyway. */
function place([first, ...others]: Endpoint[], discover: boolean) {
  if (!first) throw invalid('names no host');
  if (discover) return { discover: first, nodePreference: 'leader' as const };
  return others.length > 0
    ? { endpoints: [first, ...others], nodePreference: 'leader' as const }
    : { endpoint: first };
}

function numbers(parameters: ReadonlyMap<string, string>): typeof NUMBERS {
  const entries = Object.entries(NUMBERS).map(([key, fallback]) => {
    const text = parameters.get(key) ?? String(fallback);
    if (!/^\d{1,7}$/.test(text)) throw invalid(`needs a whole number for ${key}`);
    return [key, Number(text)];
  });
  return Object.fromEntries(entries) as typeof NUMBERS;
}

function isHere({ address }: Endpoint): boolean {
  return isLoopback(address);
}

function channelCredentials(
  parameters: ReadonlyMap<string, string>,
  mayBePlain: boolean,
): ChannelCredentialOptions {
  const tls = parameters.get('tls') ?? 'true';
  if (tls !== 'true' && tls !== 'false') throw invalid('needs true or false for tls');
  if (tls === 'false') {
    // Without TLS others on the network can read everything, and the client sends no credentials.
    if (mayBePlain) return { insecure: true };
    throw invalid('may say tls=false for a loopback address only, unless ALLOW_PLAINTEXT_STORES is true');
  }
  const files = Object.entries(FILES).map(([key, option]) => [option, file(key, parameters.get(key))]);
  return { insecure: false, ...(Object.fromEntries(files) as ChannelCredentialOptions) };
}

function file(key: string, path: string | undefined): Buffer | undefined {
  try {
    return path === undefined ? undefined : readFileSync(path);
  } catch (cause) {
    throw invalid(`names a ${key} that cannot be read`, cause);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw invalid('needs its credentials percent-encoded', cause);
  }
}

function invalid(what: string, cause?: unknown): AppError {
  return new AppError('CONFIG_INVALID', { safeMessage: `Cannot start: the event store URL ${what}.`, cause });
}
