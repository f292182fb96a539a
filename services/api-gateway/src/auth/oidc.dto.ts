import { ValidateIf } from 'class-validator';
import { About, NotTogether } from '../openapi/field-rule';
import { IsTicket, sent, shortText } from './sign-in.dto';

/** Providers may make codes of some length; some are tokens in themselves. */
const CODE_CHARACTERS_MAX = 4_096;
const ISSUER_CHARACTERS_MAX = 1_024;

const IsReturned = shortText('returned', 'must be what the provider sent back', CODE_CHARACTERS_MAX);
const IsIssuer = shortText('issuer', 'must be what the provider sent back', ISSUER_CHARACTERS_MAX);

/** Body of `POST /auth/oidc/finish`: the query with which the provider sent the browser back. */
@NotTogether('sign_up_token', 'invitation_token')
export class FinishOidcFlowBody {
  @IsReturned()
  code!: string;

  @IsReturned()
  state!: string;

  @ValidateIf(sent)
  @IsIssuer()
  @About('Where the provider sends it.')
  iss?: string;

  @ValidateIf(sent)
  @IsTicket()
  @About('From the link that a new installation prints.')
  sign_up_token?: string;

  @ValidateIf(sent)
  @IsTicket()
  @About('From the link of an invitation; it is accepted with that.')
  invitation_token?: string;
}
