import { readFileSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '#libs/kernel';
import type { FastifyReply } from 'fastify';
import { PAGE_POLICY } from '../http/security-headers';

/** By the extension of a file. A page needs its own policy, because that of the API lets it load nothing. */
const HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '.css': { 'content-type': 'text/css; charset=utf-8' },
  '.html': { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY },
  '.json': { 'content-type': 'application/json; charset=utf-8' },
  '.mjs': { 'content-type': 'text/javascript; charset=utf-8' },
  '.svg': { 'content-type': 'image/svg+xml' },
};

/**
 * Files for browsers, read once. A name is looked up in a list and never on the disk, so no name leads to another file.
 */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, string>;

  /** `prefix` is an entry under `imports` in package.json, so that the build and the sources find the same files. */
  constructor(prefix: string, names: readonly string[]) {
    this.#files = new Map(names.map((name) => [name, readFileSync(require.resolve(prefix + name), 'utf8')]));
  }

  /** Gives the text of a file and sets its headers. Fails with NOT_FOUND for a name that is not in the list. */
  serve(name: string, reply: FastifyReply): string {
    // Browsers do not keep the answer for a missing file either, because the next release may have it.
    void reply.header('cache-control', 'no-cache');
    const text = this.#files.get(name);
    if (text === undefined) throw new AppError('NOT_FOUND');
    void reply.headers(HEADERS[path.extname(name)] ?? {});
    return text;
  }
}
