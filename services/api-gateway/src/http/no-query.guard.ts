import { Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { invalid } from '#libs/kernel';
import type { GatewayRequest } from './gateway-request';
import { fieldName } from './validation';

/** Refuses query parameters; after the global guard, so that strangers learn nothing. */
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

/** For a route that takes no query: an unknown parameter is a mistake worth knowing of. */
export const TakesNoQuery = () => UseGuards(NoQueryGuard);
