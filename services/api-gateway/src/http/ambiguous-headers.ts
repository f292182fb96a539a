import type { IncomingMessage } from 'node:http';

/**
 * Headers that a request may have once, by the length of their name. With two, a proxy on the way could obey the other
 * one.
 */
const SINGLE: Readonly<Record<number, string>> = { 4: 'host', 12: 'content-type', 13: 'authorization' };

/** True when another server could read the request differently than this one does (case C7). */
export function hasAmbiguousHeaders({ headers, httpVersion, rawHeaders }: IncomingMessage): boolean {
  // RFC 9112 demands a host. Node would refuse the request too, but without a body.
  if (headers.host === undefined && httpVersion === '1.1') return true;
  // Node decodes chunks only. With any other coding, what it gives us is not the body.
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return true;
  let singles = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (isSingle(rawHeaders[at] ?? '')) singles += 1;
  // Node keeps the first of two, so each name counts at most once here.
  const { host, authorization, 'content-type': type } = headers;
  return singles > [host, authorization, type].filter((given) => given !== undefined).length;
}

function isSingle(name: string): boolean {
  const single = SINGLE[name.length];
  return single !== undefined && name.toLowerCase() === single;
}
