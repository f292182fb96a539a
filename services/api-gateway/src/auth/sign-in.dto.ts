import { ValidateIf } from 'class-validator';
import { IsEmailAddress } from '../members/member.dto';
import { IsLabel } from '../organizations/label-field.dto';
import { isText, rule } from '../secrets/secret-field.dto';

/** Longer is no password; the rules for a new one are the access service's, and shorter. */
const PASSWORD_CHARACTERS_MAX = 1_024;
const CODE_CHARACTERS_MAX = 64;
const TOKEN_CHARACTERS_MAX = 512;
const TYPED_CHARACTERS_MAX = 512;

export const sent = (_: unknown, value: unknown) => value !== undefined;

export const IsPassword = () =>
  rule('password', `must be text of 1 to ${PASSWORD_CHARACTERS_MAX} characters`, (value) =>
    isShort(value, PASSWORD_CHARACTERS_MAX),
  );

export const IsCode = () => rule('code', 'must be a code', (value) => isShort(value, CODE_CHARACTERS_MAX));

export const IsTicket = () =>
  rule('ticket', 'must be a token', (value) => isShort(value, TOKEN_CHARACTERS_MAX));

const IsTyped = () => rule('typed', 'must be text', (value) => isShort(value, TYPED_CHARACTERS_MAX));

/** What proves who somebody is. */
class ProofBody {
  @IsPassword()
  password!: string;

  @ValidateIf(sent)
  @IsCode()
  totp?: string;

  @ValidateIf(sent)
  @IsCode()
  recovery_code?: string;
}

/** Body of `POST /auth/sign-in`. */
export class SignInBody extends ProofBody {
  /** Whatever was typed: an address that cannot be one is nobody's, and the answer is that of any other. */
  @IsTyped()
  email!: string;
}

/** Body of `POST /auth/reauthenticate`. */
export class ReauthenticateBody extends ProofBody {}

/** Body of `POST /auth/sign-up`. */
export class SignUpBody {
  @IsEmailAddress()
  email!: string;

  @IsLabel()
  name!: string;

  @IsPassword()
  password!: string;

  @ValidateIf(sent)
  @IsTicket()
  sign_up_token?: string;

  @ValidateIf(sent)
  @IsTicket()
  invitation_token?: string;
}

/** Body of `PUT /auth/password`. */
export class ChangePasswordBody {
  @ValidateIf(sent)
  @IsPassword()
  current_password?: string;

  @IsPassword()
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
  totp!: string;
}

function isShort(value: unknown, charactersMax: number): boolean {
  return isText(value) && value.length > 0 && value.length <= charactersMax;
}
