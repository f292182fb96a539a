import { readFileSync } from 'node:fs';
import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/requires';
import type { GatewayRequest } from '../http/gateway-request';
import { PAGE_POLICY } from '../http/security-headers';
import { ServesPage } from '../openapi/operation';

/** Where links lead that the server prints or mails, and where an OpenID provider sends people back. */
const PAGES = ['sign-in', 'sign-up', 'accept-invitation', 'oidc-callback'];

const typeOf: Readonly<Record<string, string>> = {
  'sign-in.css': 'text/css; charset=utf-8',
  'sign-in.mjs': 'text/javascript; charset=utf-8',
};

/** Resolved by package.json, so that the build and the sources find the same files. */
const read = (name: string) => readFileSync(require.resolve(name), 'utf8');

/** The page for people, until there is a dashboard. Names are looked up in a list, never on the disk. */
@Controller()
export class PagesController {
  readonly #page = read('#sign-in-page/sign-in.html');
  readonly #files = new Map(Object.keys(typeOf).map((name) => [name, read(`#sign-in-page/${name}`)]));

  @Get()
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', PAGE_POLICY)
  @Header('cache-control', 'no-cache')
  @ServesPage()
  start(): string {
    return this.#page;
  }

  @Get(':page')
  @Public()
  @ServesPage()
  named(@Req() { params }: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply): string {
    if (!PAGES.includes(params['page'] ?? '')) throw new AppError('NOT_FOUND');
    void reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', PAGE_POLICY)
      .header('cache-control', 'no-cache');
    return this.#page;
  }

  @Get('assets/:file')
  @Public()
  @Header('cache-control', 'no-cache')
  @ServesPage()
  file(@Req() { params }: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply): string {
    const { file = '' } = params;
    const content = this.#files.get(file);
    if (content === undefined) throw new AppError('NOT_FOUND');
    void reply.type(typeOf[file] ?? '');
    return content;
  }
}
