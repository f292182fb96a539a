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

/** The one guard of all routes: deny by default, the credential from its own header or cookie alone. */
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
    // Names of secrets, to who could see them minutes ago; whatever opens or changes something waits for the log.
    if (identity.isStale && requirement !== 'list-secrets') throw new AppError('STORE_UNAVAILABLE');
    request.identity = identity;
    // Whose record a path names, only the deciding service knows; what it asks least is asked here.
    if (requirement === undefined || !may(identity, requirement, { own: true }))
      throw new AppError('FORBIDDEN');
    if (needsRecentSignIn(handler)) demandRecentSignIn(request);
    return true;
  }
}

/** All that an answer depends on, and what a refusal would be recorded with. */
function aboutOf({ headers }: GatewayRequest, question: RequestOf<typeof authenticate>): string {
  const { organizationId, address, userAgent } = question;
  return JSON.stringify([headers.authorization, headers.cookie, organizationId, address, userAgent]);
}

/** What no organization is called: whoever asks for it gets the answer of any that is not there. */
const NO_ORGANIZATION = '';

/**
 * The organization that a request names, in its path or in its header; null when it names none. It is a wish: the
 * access service says whether the caller belongs there, once it knows the caller.
 */
function namedOrganization(request: GatewayRequest, requirement: Requirement | undefined): string | null {
  // What concerns a person needs no organization.
  if (requirement !== undefined && requirement !== 'public' && actions[requirement] === 'user') return null;
  const inPath = request.params['organizationId'];
  const inHeader = request.headers['x-organization-id'];
  if (inHeader === undefined) return inPath ?? null;
  const agree = typeof inHeader === 'string' && (inPath === undefined || inPath === inHeader);
  return agree ? inHeader : NO_ORGANIZATION;
}
