import { Controller, Inject } from '@nestjs/common';
import { finishOidcFlow, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { Sessions } from '../sessions/sessions';
import { originOf, personOf, SignInTrail } from '../sessions/sign-in-trail';
import { NewSessions } from '../sign-in/new-sessions';
import { OIDC_PROVIDER } from '../tokens';
import { Flows, type Renewal } from './flows';
import type { OidcProvider, ProvenIdentity } from './oidc-provider';
import { ProviderPeople } from './provider-people';

type Request = RequestOf<typeof finishOidcFlow>;
type Reply = ReplyOf<typeof finishOidcFlow>;

@Controller()
export class FinishOidcFlowHandler {
  constructor(
    @Inject(OIDC_PROVIDER) private readonly provider: OidcProvider | null,
    private readonly flows: Flows,
    private readonly newSessions: NewSessions,
    private readonly people: ProviderPeople,
    private readonly sessions: Sessions,
    private readonly trail: SignInTrail,
  ) {}

  @Handles(finishOidcFlow)
  async handle(request: Request, context: MessageContext): Promise<Reply> {
    if (!this.provider) throw new AppError('NOT_FOUND');
    const flow = await this.flows.finish(request.flow, request.state); // 1. this browser began the flow; use it up
    const identity = await this.provider.identify(flow, request); // 2. ask the provider who this is
    if (flow.renewal) return this.#renew(flow.renewal, identity, { request, context }); // 3. renew the session
    const user = await this.people.welcome(identity, request, context); // 3. or sign the person in
    const { authenticatedAt } = identity;
    const how = { method: 'oidc', secondFactor: null, authenticatedAt } as const;
    const started = await this.newSessions.start(user, originOf(request, context), how);
    return { ...started, isRenewed: false };
  }

  async #renew(
    { userId, sessionId }: Renewal,
    identity: ProvenIdentity,
    { request, context }: { request: Request; context: MessageContext },
  ): Promise<Reply> {
    const user = await this.people.find(identity);
    if (user?.id !== userId) throw new AppError('AUTHENTICATION_REQUIRED');
    const data = { sessionId, method: 'oidc' as const, secondFactor: null };
    await this.trail.record(personOf(user), originOf(request, context), { type: 'SignedIn', data });
    const { authenticatedAt } = identity;
    const renewed = await this.sessions.renew(userId, sessionId, { authenticatedAt });
    return { ...renewed, isRenewed: true };
  }
}
