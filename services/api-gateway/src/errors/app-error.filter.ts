import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { AppError, isAppError, type ErrorCode } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import type { FastifyReply } from 'fastify';
import { Refusals } from '../auth/refusals';
import type { GatewayRequest } from '../http/gateway-request';
import { httpStatusOf } from '../http/http-status';
import { LOGGER } from '../tokens';

/** The codes for what Nest and Fastify refuse themselves, by the status that they give. */
const CODE_OF_STATUS: Record<number, ErrorCode> = {
  400: 'MALFORMED_REQUEST',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  414: 'MALFORMED_REQUEST',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/** Turns every error into an HTTP answer of one shape. No other place does so. */
@Catch()
export class AppErrorFilter implements ExceptionFilter {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly refusals: Refusals,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<GatewayRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = toAppError(thrown);
    const status = httpStatusOf[error.kind];
    // A proof that lacks its code is on record already, as what it is.
    if (error.kind === 'forbidden' && error.code !== 'SECOND_FACTOR_REQUIRED') this.refusals.note(request);
    if (status >= 500) this.logger.error('request failed', { request_id: request.id, ...errorFields(error) });
    void reply
      .status(status)
      .headers(headersOf(status, error))
      .send({
        error: error.safeMessage,
        code: error.code,
        ...(error.details && { details: error.details }),
        request_id: request.id,
      });
  }
}

function headersOf(status: number, error: AppError): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  if (status === 503 || status === 429) return { 'retry-after': String(error.retryAfterSeconds ?? 1) };
  // We refused the body before its end, so we do not read the rest.
  if (status === 413 || status === 408) return { connection: 'close' };
  return {};
}

function toAppError(thrown: unknown): AppError {
  if (isAppError(thrown) && thrown.kind !== 'startup') return thrown;
  const code = isAppError(thrown) ? undefined : CODE_OF_STATUS[statusOf(thrown)];
  return new AppError(code ?? 'INTERNAL_ERROR', { cause: thrown });
}

function statusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : undefined;
  return typeof status === 'number' ? status : 500;
}
