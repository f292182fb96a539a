import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';

const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};
const UNDER_TLS = { ...ALWAYS, 'strict-transport-security': 'max-age=31536000; includeSubDomains' };

/**
 * Gives the headers of every answer on a connection. An answer of the API is not a page, so a browser may load nothing
 * for it, frame it nowhere and guess no other type.
 */
export function securityHeaders(socket: Duplex | null): Readonly<Record<string, string>> {
  return socket instanceof TLSSocket ? UNDER_TLS : ALWAYS;
}

/**
 * The Content-Security-Policy of the pages. It allows their own files and their own requests, but no inline script and
 * no markup that is made from text.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');
