const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;

/** True when a host name or address, without a port, is the loopback interface, which the network cannot reach. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}
