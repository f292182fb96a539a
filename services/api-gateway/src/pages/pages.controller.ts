import { Controller, Get, Req, Res } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/requires';
import type { GatewayRequest } from '../http/gateway-request';
import { ServesPage } from '../openapi/operation';
import { StaticFiles } from './static-files';

/**
 * Links that the server prints or mails lead to these pages, and an OpenID provider sends people back to one of them.
 */
const PAGES = ['sign-in', 'sign-up', 'accept-invitation', 'oidc-callback'];

/** Serves the page for people, until there is a dashboard. */
@Controller()
export class PagesController {
  readonly #page = new StaticFiles('#sign-in-page/', ['sign-in.html']);
  readonly #assets = new StaticFiles('#sign-in-page/', ['sign-in.css', 'sign-in.mjs']);

  @Get()
  @Public()
  @ServesPage()
  start(@Res({ passthrough: true }) reply: FastifyReply): string {
    return this.#page.serve('sign-in.html', reply);
  }

  @Get(':page')
  @Public()
  @ServesPage()
  named(@Req() { params }: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply): string {
    if (!PAGES.includes(params['page'] ?? '')) throw new AppError('NOT_FOUND');
    return this.#page.serve('sign-in.html', reply);
  }

  @Get('assets/:file')
  @Public()
  @ServesPage()
  file(@Req() { params }: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply): string {
    return this.#assets.serve(params['file'] ?? '', reply);
  }
}
