import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { configInvalid, oneOf, optionalText, readEnv, systemClock, type Setting } from '#libs/kernel';
import type { MutualTls, TcpAddress } from '#libs/transport';
import { healthFileSetting } from './health-file';

/** Settings of every process, to be spread into its `readEnv`. */
export const processSettings = {
  LOG_LEVEL: oneOf('info', ['error', 'warn', 'info']),
  HEALTH_FILE: healthFileSetting,
};

/** The URL by which clients reach the installation, without a slash at the end; null when it is not set. */
export const publicUrl: Setting<string | null> = (value) => {
  if (value === undefined) return null;
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new Error('must be a URL such as https://secrets.example.com');
  return url.href.replace(/\/$/, '');
};

/** Settings of every process that exchanges messages with other processes. */
const peerSettings = {
  SERVICE_CERT_FILE: optionalText(),
  SERVICE_KEY_FILE: optionalText(),
  SERVICE_CA_FILE: optionalText(),
};

/**
 * Reads the certificate and the key of this process, and the certificate authority of the others; undefined when none
 * of the three is set. Fails with CONFIG_INVALID.
 */
export function readIdentity(env: NodeJS.ProcessEnv): Identity | undefined {
  const { SERVICE_CERT_FILE: cert, SERVICE_KEY_FILE: key, SERVICE_CA_FILE: ca } = readEnv(env, peerSettings);
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  if (cert === undefined || key === undefined || ca === undefined) {
    throw configInvalid(
      'SERVICE_CERT_FILE',
      'and SERVICE_KEY_FILE and SERVICE_CA_FILE must be set all, or none',
    );
  }
  return checked({ cert: read(cert), key: read(key), ca: read(ca) });
}

type Identity = Omit<MutualTls, 'allowedPeers'>;

/** Refuses unusable files and an expired certificate at the start: a peer would say only that connecting failed. */
function checked(identity: Identity): Identity {
  try {
    createSecureContext(identity);
    certificateOf(identity.ca);
  } catch (cause) {
    const what =
      'and SERVICE_KEY_FILE must name a certificate and its key, and SERVICE_CA_FILE their authority';
    throw configInvalid('SERVICE_CERT_FILE', what, cause);
  }
  const { validTo } = certificateOf(identity.cert);
  if (new Date(validTo).getTime() > systemClock.now().getTime()) return identity;
  throw configInvalid(
    'SERVICE_CERT_FILE',
    `names a certificate that was valid until ${validTo}; npm run certs renews it`,
  );
}

/** Throws for a text that is no certificate. A TLS context takes any text as an authority. */
function certificateOf(pem: string | Buffer): X509Certificate {
  return new X509Certificate(pem);
}

/** `tcp://host:port`. */
export function address(fallback: string): Setting<TcpAddress> {
  return (value) => parseAddress(value ?? fallback);
}

/** One or more such addresses, separated by commas: the processes of one service. */
export function addresses(fallback: string): Setting<readonly TcpAddress[]> {
  return (value) => (value ?? fallback).split(',').map((part) => parseAddress(part.trim()));
}

function parseAddress(text: string): TcpAddress {
  const match = /^tcp:\/\/(?:\[([0-9a-f:]+)\]|([^:/]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw new Error('must be an address such as tcp://127.0.0.1:7101');
  return { host: match[1] ?? match[2] ?? '', port };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw configInvalid('SERVICE_CERT_FILE', `or its companions: ${file} cannot be read`, cause);
  }
}
