import { Controller, Inject } from '@nestjs/common';
import { beginOidcReauthentication, beginOidcSignIn, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError } from '#libs/kernel';
import { Handles } from '#libs/transport';
import { OIDC_PROVIDER } from '../tokens';
import { FLOW_SECONDS_MAX, Flows, type Renewal } from './flows';
import type { OidcProvider } from './oidc-provider';

type Reply = ReplyOf<typeof beginOidcSignIn>;

@Controller()
export class BeginOidcFlowHandler {
  constructor(
    @Inject(OIDC_PROVIDER) private readonly provider: OidcProvider | null,
    private readonly flows: Flows,
  ) {}

  @Handles(beginOidcSignIn)
  async signIn(): Promise<Reply> {
    return this.#begin(null);
  }

  @Handles(beginOidcReauthentication)
  async reauthenticate(request: RequestOf<typeof beginOidcReauthentication>): Promise<Reply> {
    const { caller, sessionId } = request;
    return this.#begin({ userId: caller.actorId, sessionId });
  }

  async #begin(renewal: Renewal | null): Promise<Reply> {
    if (!this.provider) throw new AppError('NOT_FOUND');
    const { cookie, flow } = await this.flows.begin(renewal);
    return { url: await this.provider.authorizationUrl(flow), flow: cookie, seconds: FLOW_SECONDS_MAX };
  }
}
