import { parse } from 'ipaddr.js';
import { entriesAtMost } from '#libs/kernel';
import { LRUCache } from 'lru-cache';

const MAPPED_IPV4 = '::ffff:';
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const UNKNOWN = 'unknown';
/** The first half of an IPv6 address. A household or a machine has all addresses that begin with it. */
const NETWORK_GROUPS = 4;

/** Networks are kept here because parsing an IPv6 address takes longer than all of the counting. */
const networks = new LRUCache<string, string>(entriesAtMost(10_000));

/**
 * Gives what a client's address is counted as: the address itself, or the /64 network of an IPv6 address. A trusted
 * proxy may have written the text, and all texts that are no address count as one. `address` is undefined for a
 * connection that is already gone, although Fastify's types deny it.
 */
export function clientNetwork(address: string | undefined): string {
  if (address === undefined) return UNKNOWN;
  const text = address.startsWith(MAPPED_IPV4) ? address.slice(MAPPED_IPV4.length) : address;
  if (IPV4.test(text)) return text;
  const known = networks.get(address);
  if (known !== undefined) return known;
  const network = networkOf(address);
  // Any other text may be of any length, so it is not kept.
  if (network !== UNKNOWN) networks.set(address, network);
  return network;
}

function networkOf(address: string): string {
  try {
    const parsed = parse(address);
    if (!('parts' in parsed)) return parsed.toString();
    if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
    const groups = parsed.parts.slice(0, NETWORK_GROUPS).map((group) => group.toString(16));
    return `${groups.join(':')}::/64`;
  } catch {
    return UNKNOWN;
  }
}
