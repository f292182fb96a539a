import { IsEmailAddress } from '../fields/email-field.dto';
import { About, fieldRule, IfSent, NotTogether } from '../fields/field-rule';
import { IsLabel } from '../fields/label-field.dto';
import { characters, isText } from '../fields/text-field.dto';

/** No password is longer. For a new one the access service has stricter rules. */
const PASSWORD_CHARACTERS_MAX = 1_024;
const CODE_CHARACTERS_MAX = 64;
const TOKEN_CHARACTERS_MAX = 512;
const TYPED_CHARACTERS_MAX = 512;

export const shortText = (name: string, message: string, maxLength: number) => () =>
  fieldRule({
    name,
    message,
    schema: { type: 'string', minLength: 1, maxLength },
    validate: (value) => isShort(value, maxLength),
  });

function isShort(value: unknown, maxLength: number): boolean {
  return isText(value) && value !== '' && value.length <= 2 * maxLength && characters(value) <= maxLength;
}

const IsPassword = shortText(
  'password',
  `must be text of 1 to ${PASSWORD_CHARACTERS_MAX} characters`,
  PASSWORD_CHARACTERS_MAX,
);
/** The schema states the access service's rule for a new password, as far as a schema can. */
const IsNewPassword = () =>
  fieldRule({
    name: 'newPassword',
    message: `must be text of 1 to ${PASSWORD_CHARACTERS_MAX} characters`,
    schema: { type: 'string', format: 'password', minLength: 12, maxLength: 256 },
    validate: (value) => isShort(value, PASSWORD_CHARACTERS_MAX),
  });
const IsCode = shortText('code', 'must be a code', CODE_CHARACTERS_MAX);
const IsTicket = shortText('ticket', 'must be a token', TOKEN_CHARACTERS_MAX);
const IsTyped = shortText('typed', 'must be text', TYPED_CHARACTERS_MAX);

/** Body of `POST /auth/reauthenticate`: the proof of who somebody is. */
export class ReauthenticateBody {
  @IsPassword()
  password!: string;

  @IfSent()
  @IsCode()
  @About('Of an authenticator app, where it is asked for.')
  totp?: string;

  @IfSent()
  @IsCode()
  @About('In place of such a code; each works once.')
  recovery_code?: string;
}

/** Body of `POST /auth/sign-in`. */
export class SignInBody extends ReauthenticateBody {
  /**
   * Any text that was typed. A text that is no address belongs to nobody, and gets the same answer as a wrong address.
   */
  @IsTyped()
  email!: string;
}

/** The tokens that let somebody in who is not known yet. */
export class TicketBody {
  @IfSent()
  @IsTicket()
  @About('From the link that a new installation prints.')
  sign_up_token?: string;

  @IfSent()
  @IsTicket()
  @About('From the link of an invitation; it is accepted with that.')
  invitation_token?: string;
}

/** Body of `POST /auth/sign-up`. */
@NotTogether('sign_up_token', 'invitation_token')
export class SignUpBody extends TicketBody {
  @IsEmailAddress()
  email!: string;

  @IsLabel()
  name!: string;

  @IsNewPassword()
  @About('12 to 256 characters of any kind; none that others would guess.')
  password!: string;
}

/** Body of `PUT /auth/password`. */
export class ChangePasswordBody {
  @IfSent()
  @IsPassword()
  @About('Not for who has none.')
  current_password?: string;

  @IsNewPassword()
  password!: string;
}

/** Body of `PUT /auth/me`. */
export class ChangeMeBody {
  @IsLabel()
  name!: string;
}

/** Body of `POST /auth/totp/confirm`. */
export class ConfirmTotpBody {
  @IsCode()
  @About('The code that the app shows at this moment.')
  totp!: string;
}
