import type { CustomFetchOptions } from 'openid-client' with { 'resolution-mode': 'import' };

/** A provider's documents have a few KiB. A longer answer is refused. */
const BYTES_MAX = 256 * 1_024;

/**
 * Like `fetch`, but it follows no redirect, and reads the whole answer at once. Fails with RangeError for a long one.
 */
export async function boundedFetch(url: string, options: CustomFetchOptions): Promise<Response> {
  // The library's type allows a body that is undefined; `fetch` treats that as no body.
  const answer = await fetch(url, { ...options, redirect: 'manual' } as RequestInit);
  const body = await readShort(answer);
  const { status, statusText, headers } = answer;
  return new Response(body.length > 0 ? body : null, { status, statusText, headers });
}

async function readShort({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (body) {
    for await (const chunk of body as ReadableStream<Uint8Array>) {
      length += chunk.length;
      // Leaving the loop closes the connection.
      if (length > BYTES_MAX) throw new RangeError('The provider answers at too great length');
      chunks.push(chunk);
    }
  }
  return Uint8Array.from(Buffer.concat(chunks));
}
