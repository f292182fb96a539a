import { Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { invalid } from '#libs/kernel';
import type { GatewayRequest } from './gateway-request';
import { fieldName } from './validation';

/** Refuses query parameters. It runs after the global guard, so that strangers learn nothing. */
@Injectable()
export class NoQueryGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { query } = context.switchToHttp().getRequest<GatewayRequest>();
    for (const name of Object.keys(query as object)) {
      throw invalid([{ field: fieldName(name), message: 'is not a known query parameter' }]);
    }
    return true;
  }
}

/**
 * Refuses query parameters of a route that takes none. A client that sends one has made a mistake and should hear of
 * it.
 */
export const TakesNoQuery = () => UseGuards(NoQueryGuard);
