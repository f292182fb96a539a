import { Controller, Inject } from '@nestjs/common';
import { getSignInMethods, type ReplyOf } from '#libs/contracts';
import { Handles } from '#libs/transport';
import type { AccessConfig } from '../config';
import { CONFIG } from '../tokens';

@Controller()
export class GetSignInMethodsHandler {
  constructor(@Inject(CONFIG) private readonly config: AccessConfig) {}

  @Handles(getSignInMethods)
  async handle(): Promise<ReplyOf<typeof getSignInMethods>> {
    const { oidc, openSignUp } = this.config;
    return { oidc: oidc !== null, passkeys: false, open_sign_up: openSignUp };
  }
}
