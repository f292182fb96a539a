import { errorRegistry, type AppError, type ErrorCode } from '#libs/kernel';
import type { DeclaredRoute } from './declared-routes';
import { requestHeadersOf } from './parameters';

/** Errors that every route may answer: refusals before the route is reached, and unforeseen failures. */
const onEveryRoute: readonly ErrorCode[] = [
  'MALFORMED_REQUEST',
  'MISPLACED_CREDENTIAL',
  'REQUEST_TIMEOUT',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'INTERNAL_ERROR',
];
const withCredential: readonly ErrorCode[] = [
  'AUTHENTICATION_REQUIRED',
  'FORBIDDEN',
  'CROSS_SITE_REQUEST',
  'RATE_LIMITED',
];
const withServices: readonly ErrorCode[] = ['STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE'];

/** The codes that follow from the kind of a route. A route must name all others itself. */
export const usualErrors: readonly ErrorCode[] = [
  ...onEveryRoute,
  ...withCredential,
  ...withServices,
  'MALFORMED_JSON',
  'VALIDATION_FAILED',
  'NOT_FOUND',
  'PRECONDITION_FAILED',
  'CONCURRENT_CHANGE',
];

/**
 * Gives every error that a route may answer, by the error's kind: those that follow from the route, and those it names.
 */
export function errorsOf(route: DeclaredRoute): Map<AppError['kind'], ErrorCode[]> {
  const codes: ErrorCode[] = [
    ...onEveryRoute,
    ...ofCaller(route),
    ...ofRequest(route),
    ...(route.message?.kind === 'command' ? (['CONCURRENT_CHANGE'] as const) : []),
    ...(route.operation?.errors ?? []),
  ];
  const byKind = new Map<AppError['kind'], ErrorCode[]>();
  for (const code of new Set(codes)) {
    const { kind } = errorRegistry[code];
    byKind.set(kind, [...(byKind.get(kind) ?? []), code]);
  }
  return byKind;
}

/** Errors about the caller, and about the services that the gateway asks. */
function ofCaller({ requirement, message, needsRecentSignIn }: DeclaredRoute): ErrorCode[] {
  const isPublic = requirement === 'public';
  return [
    ...(isPublic ? [] : withCredential),
    ...(isPublic && !message ? [] : withServices),
    ...(needsRecentSignIn ? (['REAUTHENTICATION_REQUIRED'] as const) : []),
  ];
}

/** Errors about the content of the request. */
function ofRequest(route: DeclaredRoute): ErrorCode[] {
  const headers = requestHeadersOf(route).map(({ name }) => name);
  const takesKey = headers.includes('Idempotency-Key');
  return [
    ...(route.method === 'GET' ? [] : (['MALFORMED_JSON'] as const)),
    ...(route.path.includes(':') || headers.includes('X-Organization-Id') ? (['NOT_FOUND'] as const) : []),
    ...(route.body || route.refusesQuery || takesKey ? (['VALIDATION_FAILED'] as const) : []),
    ...(takesKey ? (['IDEMPOTENCY_KEY_REUSED'] as const) : []),
    ...(headers.includes('If-Match') ? (['PRECONDITION_FAILED'] as const) : []),
    ...(headers.includes('X-Consistency-Token') ? (['CONSISTENCY_TIMEOUT'] as const) : []),
  ];
}
