import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { actions, authenticate, may, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError } from '#libs/kernel';
import type { MessageClient } from '#libs/transport';
import { contextOf, userAgentOf, type GatewayRequest } from '../http/gateway-request';
import { RateLimits } from '../limits/rate-limits';
import { ACCESS } from '../tokens';
import { PresentedCredential } from './presented-credential';
import { demandRecentSignIn, needsRecentSignIn } from './recent-sign-in';
import { RequestSource } from './request-source';
import { requirementOf, type Requirement } from './requires';
import { JointQuestion } from './joint-question';

/** Guards all routes. It denies by default, and takes a credential from its own header or cookie only. */
@Injectable()
export class ApiGuard implements CanActivate {
  readonly #questions = new JointQuestion<ReplyOf<typeof authenticate>>();

  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly credential: PresentedCredential,
    private readonly source: RequestSource,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const handler = context.getHandler();
    const requirement = requirementOf(handler);
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    if (requirement === 'public') {
      this.source.refuseForeign(request);
      return true;
    }
    const { apiKey, session } = this.credential.of(request);
    if (requirement !== undefined) request.action = requirement;
    const question = {
      apiKey,
      session,
      organizationId: namedOrganization(request, requirement),
      address: request.ip,
      userAgent: userAgentOf(request),
    };
    const identity = await this.limits.authenticated(request, () =>
      this.#questions.of(aboutOf(request, question), () =>
        this.access.send(authenticate, question, contextOf(request)),
      ),
    );
    // A caller with a stale identity may still list names of secrets, because that caller could see them minutes ago.
    // Everything that opens or changes something waits for the log.
    if (identity.isStale && requirement !== 'list-secrets') throw new AppError('STORE_UNAVAILABLE');
    request.identity = identity;
    // Only the service behind the route knows whose record the path names, so the guard demands no more than the least
    // that this service can demand.
    if (requirement === undefined || !may(identity, requirement, { own: true }))
      throw new AppError('FORBIDDEN');
    if (needsRecentSignIn(handler)) demandRecentSignIn(request);
    return true;
  }
}

/** Everything that the answer depends on, and everything that the record of a refusal would hold. */
function aboutOf({ headers }: GatewayRequest, question: RequestOf<typeof authenticate>): string {
  const { organizationId, address, userAgent } = question;
  return JSON.stringify([headers.authorization, headers.cookie, organizationId, address, userAgent]);
}

/** The id of no organization. A request for it gets the same answer as one for any organization that does not exist. */
const NO_ORGANIZATION = '';

/**
 * Gives the organization that a request names in its path or in its header; null when it names none. This is only a
 * wish: the access service decides whether the caller belongs there.
 */
function namedOrganization(request: GatewayRequest, requirement: Requirement | undefined): string | null {
  // An action that concerns a person needs no organization.
  if (requirement !== undefined && requirement !== 'public' && actions[requirement] === 'user') return null;
  const inPath = request.params['organizationId'];
  const inHeader = request.headers['x-organization-id'];
  if (inHeader === undefined) return inPath ?? null;
  const agree = typeof inHeader === 'string' && (inPath === undefined || inPath === inHeader);
  return agree ? inHeader : NO_ORGANIZATION;
}
