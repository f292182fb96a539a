import { Server } from './server';

/** What a page or a script names: `src` and `href` of a file, and what a module imports. */
const LINKS = /(?:(?:src|href)="|\bfrom ')([^"'#?]+\.[a-z]+)["']/g;

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.discard());

describe.each(['/', '/sign-in', '/sign-up', '/accept-invitation', '/oidc-callback', '/docs'])(
  'the page %s',
  (path) => {
    let page: Response;
    let html: string;

    beforeAll(async () => {
      page = await fetch(server.url + path);
      html = await page.text();
    });

    it('is a page that nobody may frame, and that runs its own files alone', () => {
      expect(page.status).toBe(200);
      const { 'content-security-policy': policy, ...headers } = Object.fromEntries(page.headers);
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
      const directives = policy?.split('; ') ?? [];
      expect(directives).toEqual(
        expect.arrayContaining([
          ...["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"],
          "require-trusted-types-for 'script'",
        ]),
      );
      expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
    });

    it('has no script and no style in its text, which the policy would stop', () => {
      expect(html.match(/<script\b[^>]*>/g)).toEqual([expect.stringMatching(/ src="[^"]+"/)]);
      expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
    });

    it('finds every file that it names, each with its type', async () => {
      const found = await loaded(new URL(path, server.url), html);
      expect(found.size).toBeGreaterThan(1);
      for (const [url, answer] of found) {
        const type = TYPES[url.split('.').at(-1) ?? ''];
        expect({ url, ...answer }).toEqual({ url, status: 200, type, nosniff: 'nosniff', cache: 'no-cache' });
      }
    });
  },
);

interface Loaded {
  readonly status: number;
  readonly type: string | null;
  readonly nosniff: string | null;
  readonly cache: string | null;
}

/** Loads what a text names, and what that names in turn. */
async function loaded(base: URL, text: string, found = new Map<string, Loaded>()) {
  for (const [, link = ''] of text.matchAll(LINKS)) {
    const url = new URL(link, base);
    if (found.has(url.href)) continue;
    const answer = await fetch(url);
    found.set(url.href, {
      status: answer.status,
      type: answer.headers.get('content-type'),
      nosniff: answer.headers.get('x-content-type-options'),
      cache: answer.headers.get('cache-control'),
    });
    await loaded(url, await answer.text(), found);
  }
  return found;
}
