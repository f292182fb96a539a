import type { IncomingMessage } from 'node:http';

/** Headers that count once, by the length of their name: with two, who is on the way may go by the other one. */
const SINGLE: Readonly<Record<number, string>> = { 4: 'host', 12: 'content-type', 13: 'authorization' };

/** True for a request that another server could read otherwise than this one does (case C7). */
export function hasAmbiguousHeaders({ headers, httpVersion, rawHeaders }: IncomingMessage): boolean {
  // RFC 9112 asks for a host; Node's own refusal has no body.
  if (headers.host === undefined && httpVersion === '1.1') return true;
  // Node undoes chunks and nothing else: what is left would not be the body.
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return true;
  let singles = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (isSingle(rawHeaders[at] ?? '')) singles += 1;
  // Of those that come twice Node gives the first.
  const { host, authorization, 'content-type': type } = headers;
  return singles > [host, authorization, type].filter((given) => given !== undefined).length;
}

function isSingle(name: string): boolean {
  const single = SINGLE[name.length];
  return single !== undefined && name.toLowerCase() === single;
}
