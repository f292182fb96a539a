import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** The length of the prefix `::ffff:0:0/96`, under which IPv6 writes IPv4 addresses (`::ffff:192.0.2.1`). */
const MAPPED_BITS = 96;

/** A CIDR range of IPv4 or IPv6, or one address. An IPv4-mapped IPv6 address is IPv4: both are the same client. */
export class IpRange {
  private constructor(
    private readonly base: Address,
    private readonly bits: number,
  ) {}

  /** Gives null for any text that is no range. */
  static parse(text: string): IpRange | null {
    const [address = '', prefix, ...rest] = text.split('/', 3);
    // `isIP` accepts no octal, no single number and no short forms, but it accepts zones (`%eth0`).
    if (isIP(address) === 0 || address.includes('%') || rest.length > 0) return null;
    const base = ipaddr.parse(address);
    const width = base.kind() === 'ipv4' ? 32 : 128;
    if (prefix === undefined) return IpRange.#of(base, width);
    return /^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= width
      ? IpRange.#of(base, Number(prefix))
      : null;
  }

  static #of(base: Address, bits: number): IpRange {
    if (base instanceof ipaddr.IPv6 && base.isIPv4MappedAddress() && bits >= MAPPED_BITS) {
      return new IpRange(base.toIPv4Address(), bits - MAPPED_BITS);
    }
    return new IpRange(base, bits);
  }

  /** False for a text that is no address. */
  includes(address: string): boolean {
    const range = IpRange.parse(address.split('%', 1)[0] ?? '');
    return range !== null && this.covers(range);
  }

  /** True when every address of the other range is in this one. */
  covers({ base, bits }: IpRange): boolean {
    return bits >= this.bits && base.kind() === this.base.kind() && base.match(this.base, this.bits);
  }
}
