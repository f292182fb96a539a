import { About, IfSent, NotTogether } from '../fields/field-rule';
import { shortText, TicketBody } from './sign-in.dto';

/** Some providers make long codes, because the code is a token in itself. */
const CODE_CHARACTERS_MAX = 4_096;
const ISSUER_CHARACTERS_MAX = 1_024;

const IsReturned = shortText('returned', 'must be what the provider sent back', CODE_CHARACTERS_MAX);
const IsIssuer = shortText('issuer', 'must be what the provider sent back', ISSUER_CHARACTERS_MAX);

/** Body of `POST /auth/oidc/finish`: the query with which the provider sent the browser back. */
@NotTogether('sign_up_token', 'invitation_token')
export class FinishOidcFlowBody extends TicketBody {
  @IsReturned()
  code!: string;

  @IsReturned()
  state!: string;

  @IfSent()
  @IsIssuer()
  @About('Where the provider sends it.')
  iss?: string;
}
