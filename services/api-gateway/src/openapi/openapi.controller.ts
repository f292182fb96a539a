import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import type { FastifyReply } from 'fastify';
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { Public } from '../auth/requires';
import type { GatewayRequest } from '../http/gateway-request';
import { PAGE_POLICY } from '../http/security-headers';
import { Operation, Section, ServesPage } from './operation';

const typeOf: Readonly<Record<string, string>> = {
  'docs.css': 'text/css; charset=utf-8',
  'docs.mjs': 'text/javascript; charset=utf-8',
  'element.mjs': 'text/javascript; charset=utf-8',
  'operation.mjs': 'text/javascript; charset=utf-8',
  'request.mjs': 'text/javascript; charset=utf-8',
  'schema.mjs': 'text/javascript; charset=utf-8',
  'try-form.mjs': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** Resolved by package.json, so that the build and the sources find the same files. */
const read = (name: string) => readFileSync(require.resolve(name), 'utf8');

/** What the API is, for programs and for people. */
@Controller()
@Section({
  name: 'Documentation',
  description: 'This document, and a page to read it and try it on.',
})
export class OpenApiController {
  readonly #document = read('#openapi.json');
  readonly #page = read('#pages/docs.html');
  readonly #files = new Map(Object.keys(typeOf).map((name) => [name, read(`#pages/${name}`)]));

  @Get('openapi.json')
  @Public()
  @Header('content-type', 'application/json; charset=utf-8')
  @Header('cache-control', 'no-cache')
  @Operation({ id: 'getOpenApiDocument', summary: 'Get this document', reply: v.unknown() })
  document() {
    return this.#document;
  }

  @Get('docs')
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', PAGE_POLICY)
  @Header('cache-control', 'no-cache')
  @Operation({ id: 'getDocsPage', summary: 'Read this document and try it', reply: v.string() })
  page() {
    return this.#page;
  }

  @Get('docs/:file')
  @Public()
  @Header('cache-control', 'no-cache')
  @ServesPage()
  file(@Req() { params }: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { file = '' } = params;
    const content = this.#files.get(file);
    if (content === undefined) throw new AppError('NOT_FOUND');
    void reply.type(typeOf[file] ?? '');
    return content;
  }
}
