import { IpRange } from '#libs/contracts';
import type { ApiKey } from '#libs/events';

/** The parsed ranges of each key, so that not every request parses them. */
const parsed = new WeakMap<ApiKey, readonly IpRange[]>();

/** Tells whether a key may be used from this address. A range that this version cannot parse allows no address. */
export function isAllowedFrom(key: ApiKey, address: string): boolean {
  const { allowedIps = [] } = key;
  return allowedIps.length === 0 || rangesOf(key, allowedIps).some((range) => range.includes(address));
}

function rangesOf(key: ApiKey, texts: readonly string[]): readonly IpRange[] {
  const known = parsed.get(key);
  if (known) return known;
  const ranges = texts.flatMap((text) => IpRange.parse(text) ?? []);
  parsed.set(key, ranges);
  return ranges;
}
