import type { Socket } from 'node:net';
import { IpRange } from '#libs/contracts';
import type { GatewayConfig } from '../config';

const LOOPBACK = ['127.0.0.0/8', '::1'];

/**
 * Tells whether a connection may carry a credential or a value. It may under TLS. Over plain HTTP it may from this machine
 * and from the proxies that the operator named, because nobody else on the network has ended TLS for its client.
 */
export function privateConnections({
  tls,
  trustedProxies,
}: Pick<GatewayConfig, 'tls' | 'trustedProxies'>): (socket: Socket) => boolean {
  if (tls) return () => true;
  const ranges = [...LOOPBACK, ...trustedProxies].flatMap((text) => IpRange.parse(text) ?? []);
  // Reading an address takes longer than the rest of a hook, and a connection keeps its peer.
  const judged = new WeakMap<Socket, boolean>();
  return (socket) => {
    const known = judged.get(socket);
    if (known !== undefined) return known;
    // A connection that is gone has no address any more; nobody would hear the answer.
    const { remoteAddress = '' } = socket;
    const isPrivate = ranges.some((range) => range.includes(remoteAddress));
    judged.set(socket, isPrivate);
    return isPrivate;
  };
}
