import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { authenticate } from '#libs/contracts';
import { AppError, Redacted } from '#libs/kernel';
import type { MessageClient } from '#libs/transport';
import { contextOf, type GatewayRequest } from '../http/gateway-request';
import { RateLimits } from '../limits/rate-limits';
import { ACCESS } from '../tokens';
import { requirementOf } from './requires';

/** `Bearer`, one space, and what we could call a credential at all. */
const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;

/** The one guard of all routes: deny by default, the credential from the Authorization header alone. */
@Injectable()
export class ApiGuard implements CanActivate {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const requirement = requirementOf(context.getHandler());
    if (requirement === 'public') return true;
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    const match = BEARER.exec(request.headers.authorization ?? '');
    if (!match?.[1]) throw new AppError('AUTHENTICATION_REQUIRED');
    const credential = new Redacted(match[1]);
    const { caller, scopes } = await this.limits.authenticated(request, () =>
      this.access.send(authenticate, { credential }, contextOf(request)),
    );
    request.caller = caller;
    if (requirement === undefined || !scopes.includes(requirement)) throw new AppError('FORBIDDEN');
    return true;
  }
}
