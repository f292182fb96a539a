import type { IncomingMessage } from 'node:http';

/**
 * What a platform asks the port for directly, from addresses of its own and over plain HTTP if need be. The answers hold
 * no value, and no credential is needed for them.
 */
export const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** In place of a URL that cannot be decoded. No request line can hold it, because a blank ends the URL there. */
export const UNDECODABLE_URL = '/ ';

/**
 * The URL that the router looks up for a request. Fastify answers some URLs by itself, past all hooks: without our
 * headers, a line in the log or a limit. Those are URLs that do not begin with a slash, as in a request for a whole URL or
 * for `*`, and URLs with a broken escape; none of them gets through here. A probe that comes as HEAD is routed as GET: Node
 * has noted by then that its answer has no body.
 */
export function routedUrl(request: IncomingMessage): string {
  const { url = '' } = request;
  const path = url.startsWith('/') ? url : withoutOrigin(url);
  if (request.method === 'HEAD' && PROBES.has(path)) request.method = 'GET';
  return path.includes('%') && !isDecodable(path) ? UNDECODABLE_URL : path;
}

function withoutOrigin(url: string): string {
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '');
  return path.startsWith('/') ? path : `/${path}`;
}

/** The router decodes a URL up to its query, and no further. */
function isDecodable(url: string): boolean {
  try {
    decodeURI(url.split(/[?#]/, 1)[0] ?? '');
    return true;
  } catch {
    return false;
  }
}
