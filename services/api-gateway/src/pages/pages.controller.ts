import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Controller, Get, Header } from '@nestjs/common';
import { Public } from '../auth/requires';

/** Our own files and nothing else; no script in the page itself, and no other page around it. */
const PAGE_POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

const read = (file: string) => readFileSync(path.join(__dirname, file), 'utf8');

/** The page that people's links lead to. Its addresses are fixed, so no path of a request is ever looked up on the disk. */
@Controller()
export class PagesController {
  readonly #page = read('sign-in-page.html');
  readonly #script = read('sign-in-page.mjs');
  readonly #style = read('sign-in-page.css');

  @Get(['/', 'sign-in', 'sign-up', 'accept-invitation', 'oidc-callback'])
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', PAGE_POLICY)
  @Header('cache-control', 'no-cache')
  page(): string {
    return this.#page;
  }

  @Get('pages/sign-in-page.mjs')
  @Public()
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', 'no-cache')
  script(): string {
    return this.#script;
  }

  @Get('pages/sign-in-page.css')
  @Public()
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', 'no-cache')
  style(): string {
    return this.#style;
  }
}
