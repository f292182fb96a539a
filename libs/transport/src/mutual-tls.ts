import type { ConnectionOptions, PeerCertificate, TlsOptions } from 'node:tls';
import { AppError, isLoopback } from '#libs/kernel';

/** Both sides show a certificate of the same private authority, and accept only the names they expect. */
export interface MutualTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  readonly ca: string | Buffer;
  /**
   * The names that the other end may have. The certificate holds its name as the common name, or as an alternative name
   * of kind DNS or URI.
   */
  readonly allowedPeers: readonly string[];
}

const HANDSHAKE_MS = 5_000;

export function serverTls({ cert, key, ca }: MutualTls): TlsOptions {
  const proof = { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' } as const;
  return { cert, key, ca, ...proof, handshakeTimeout: HANDSHAKE_MS };
}

/** Knows a service by the name in its certificate, because the address at which it runs proves nothing. */
export function clientTls({ cert, key, ca, allowedPeers }: MutualTls): ConnectionOptions {
  return {
    cert,
    key,
    ca,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    checkServerIdentity: (_host, certificate) =>
      isAllowedPeer(certificate, allowedPeers)
        ? undefined
        : new Error('The certificate names nobody allowed'),
  };
}

/** Tells whether a certificate holds one of the names. `certificate` is an empty object when the peer has none. */
export function isAllowedPeer(
  certificate: Partial<PeerCertificate>,
  allowedPeers: readonly string[],
): boolean {
  const alternatives = certificate.subjectaltname ?? '';
  // Node quotes an alternative name that could pass for several. No honest peer has such a name, so none is read.
  const names = alternatives.includes('"') ? [] : alternatives.split(', ');
  return allowedPeers.some(
    (peer) =>
      certificate.subject?.CN === peer || names.includes(`DNS:${peer}`) || names.includes(`URI:${peer}`),
  );
}

/** Refuses to use a network without TLS, because messages hold values. Fails with CONFIG_INVALID. */
export function refuseOpenNetwork(host: string, tls: MutualTls | undefined): void {
  if (tls || isLoopback(host)) return;
  throw new AppError('CONFIG_INVALID', {
    safeMessage:
      'Cannot start: services talk over mutual TLS, or on the loopback interface alone. Set SERVICE_CERT_FILE, ' +
      'SERVICE_KEY_FILE and SERVICE_CA_FILE; npm run certs makes such files.',
  });
}
