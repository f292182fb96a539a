import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import * as v from 'valibot';
import { Public } from '../auth/requires';
import type { GatewayRequest } from '../http/gateway-request';
import { Operation, Section, ServesPage } from '../openapi/operation';
import { StaticFiles } from './static-files';

/** Says what the API is, to programs and to people. */
@Controller()
@Section({
  name: 'Documentation',
  description: 'This document, and a page to read it and try it on.',
})
export class OpenApiController {
  readonly #document = new StaticFiles('#', ['openapi.json']);
  readonly #page = new StaticFiles('#pages/', ['docs.html']);
  readonly #assets = new StaticFiles('#pages/', [
    'docs.css',
    'docs.mjs',
    'element.mjs',
    'operation.mjs',
    'request.mjs',
    'schema.mjs',
    'try-form.mjs',
    'icon.svg',
  ]);

  @Get('openapi.json')
  @Public()
  @Operation({ id: 'getOpenApiDocument', summary: 'Get this document', reply: v.unknown() })
  document(@Res({ passthrough: true }) reply: FastifyReply) {
    return this.#document.serve('openapi.json', reply);
  }

  @Get('docs')
  @Public()
  // The OpenAPI document takes the type of the answer from here.
  @Header('content-type', 'text/html; charset=utf-8')
  @Operation({ id: 'getDocsPage', summary: 'Read this document and try it', reply: v.string() })
  page(@Res({ passthrough: true }) reply: FastifyReply) {
    return this.#page.serve('docs.html', reply);
  }

  @Get('docs/:file')
  @Public()
  @ServesPage()
  file(@Req() { params }: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.#assets.serve(params['file'] ?? '', reply);
  }
}
