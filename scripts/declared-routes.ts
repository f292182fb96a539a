import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { requirementOf, type Requirement } from '../services/api-gateway/src/auth/requires';

/** A route as its controller declares it. */
export interface DeclaredRoute {
  readonly method: string;
  /** As Fastify registers it: `/api/v1/secrets/:id`. */
  readonly path: string;
  readonly requirement: Requirement | undefined;
}

/** Every route of the controllers, read from what Nest and our decorators keep on them. */
export function declaredRoutes(controllers: readonly Type[]): DeclaredRoute[] {
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as Record<string, object>;
    return Object.getOwnPropertyNames(prototype)
      .filter((name) => name !== 'constructor')
      .map((name) => prototype[name] ?? {})
      .filter((handler) => methodOf(handler) !== undefined)
      .map((handler) => ({
        method: RequestMethod[methodOf(handler) ?? RequestMethod.GET],
        path: `/${[controller, handler].flatMap(partsOf).join('/')}`,
        requirement: requirementOf(handler),
      }));
  });
}

function methodOf(handler: object): RequestMethod | undefined {
  return Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
}

function partsOf(owner: object): string[] {
  return (Reflect.getMetadata(PATH_METADATA, owner) as string).split('/').filter((part) => part !== '');
}
