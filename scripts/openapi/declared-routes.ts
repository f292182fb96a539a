import { RequestMethod, type Type } from '@nestjs/common';
import {
  GUARDS_METADATA,
  HEADERS_METADATA,
  HTTP_CODE_METADATA,
  METHOD_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import type { Message } from '#libs/contracts';
import { needsRecentSignIn } from '../../services/api-gateway/src/auth/recent-sign-in';
import { requirementOf, type Requirement } from '../../services/api-gateway/src/auth/requires';
import { NoQueryGuard } from '../../services/api-gateway/src/http/no-query.guard';
import {
  operationOf,
  sectionOf,
  servesPage,
  type OperationDescription,
  type SectionDescription,
} from '../../services/api-gateway/src/openapi/operation';

/** A route as its controller declares it. */
export interface DeclaredRoute {
  readonly method: string;
  /** As Fastify registers it: `/api/v1/secrets/:id`. */
  readonly path: string;
  /** The method to correct when the route is wrong: `SecretsController.get`. */
  readonly place: string;
  readonly requirement: Requirement | undefined;
  readonly needsRecentSignIn: boolean;
  /** True for a route that serves a page and is no operation of the API. */
  readonly servesPage: boolean;
  readonly operation: OperationDescription | undefined;
  /** The message that the route sends; undefined when it answers without one. */
  readonly message: Message | undefined;
  readonly section: SectionDescription | undefined;
  readonly status: number;
  readonly contentType: string;
  readonly body: Type | undefined;
  readonly query: Type | undefined;
  /** True when the route refuses a query parameter that it does not know. */
  readonly refusesQuery: boolean;
}

type Handler = (...args: unknown[]) => unknown;

/** Gives every route of the controllers, from the metadata of Nest and of our decorators. */
export function declaredRoutes(controllers: readonly Type[]): DeclaredRoute[] {
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as Record<string, Handler>;
    return Object.getOwnPropertyNames(prototype)
      .filter(
        (name) =>
          name !== 'constructor' && metadata(METHOD_METADATA, prototype[name] as Handler) !== undefined,
      )
      .map((name) => routeOf(controller, name));
  });
}

function routeOf(controller: Type, name: string): DeclaredRoute {
  const handler = (controller.prototype as Record<string, Handler>)[name] as Handler;
  const method = RequestMethod[metadata(METHOD_METADATA, handler) as RequestMethod];
  const guards = (metadata(GUARDS_METADATA, handler) ?? []) as unknown[];
  const operation = operationOf(handler);
  const query = parameterType(controller, name, RouteParamtypes.QUERY);
  return {
    method,
    path: pathOf(controller, handler),
    place: `${controller.name}.${name}`,
    requirement: requirementOf(handler),
    needsRecentSignIn: needsRecentSignIn(handler),
    servesPage: servesPage(handler),
    operation,
    message: operation && 'message' in operation ? operation.message : undefined,
    section: sectionOf(controller),
    status: (metadata(HTTP_CODE_METADATA, handler) as number | undefined) ?? (method === 'POST' ? 201 : 200),
    contentType: contentTypeOf(handler),
    body: parameterType(controller, name, RouteParamtypes.BODY),
    query,
    refusesQuery: query !== undefined || guards.includes(NoQueryGuard),
  };
}

function pathOf(controller: Type, handler: Handler): string {
  const parts = [controller, handler].map((owner) => metadata(PATH_METADATA, owner) as string);
  const steps = parts.flatMap((part) => part.split('/')).filter(Boolean);
  return `/${steps.join('/')}`;
}

function contentTypeOf(handler: Handler): string {
  const headers = (metadata(HEADERS_METADATA, handler) ?? []) as { name: string; value: string }[];
  const header = headers.find(({ name }) => name.toLowerCase() === 'content-type');
  return header?.value.replace(/;.*/, '') ?? 'application/json';
}

/** Gives the class of the parameter that holds the body or the query. */
function parameterType(controller: Type, name: string, kind: RouteParamtypes): Type | undefined {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<
    string,
    { index: number }
  >;
  const found = Object.entries(args).find(([key]) => key.startsWith(`${kind}:`));
  const types = (Reflect.getMetadata('design:paramtypes', controller.prototype as object, name) ??
    []) as Type[];
  return found && types[found[1].index];
}

const metadata = (key: string, owner: object): unknown => Reflect.getMetadata(key, owner);
