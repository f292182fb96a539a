import { roles, type Role } from '#libs/contracts';
import { isEmail, ValidateIf } from 'class-validator';
import { About, fieldRule } from '../openapi/field-rule';
import { IsOneOf, isText } from '../secrets/secret-field.dto';

const EMAIL_CHARACTERS_MAX = 254;
const TOKEN_CHARACTERS_MAX = 512;

export const IsEmailAddress = () =>
  fieldRule({
    name: 'emailAddress',
    message: `must be an e-mail address of at most ${EMAIL_CHARACTERS_MAX} characters`,
    schema: {
      type: 'string',
      format: 'email',
      maxLength: EMAIL_CHARACTERS_MAX,
      examples: ['ada@team.example'],
    },
    validate: isEmailAddress,
  });

const IsToken = () =>
  fieldRule({
    name: 'token',
    message: 'must be the token of an invitation',
    schema: {
      type: 'string',
      minLength: 1,
      maxLength: TOKEN_CHARACTERS_MAX,
      description: 'What the link ends with.',
    },
    validate: isToken,
  });

/** Body of `POST /organizations/:id/members/invite`. */
export class InviteMemberBody {
  @IsEmailAddress()
  email!: string;

  @About('Default `member`.')
  @ValidateIf((_, value) => value !== undefined)
  @IsOneOf(roles)
  role?: Role;
}

/** Body of `PUT /organizations/:id/members/:id`. */
export class ChangeMemberRoleBody {
  @IsOneOf(roles)
  role!: Role;
}

/** Body of `POST /invitations/accept`. */
export class AcceptInvitationBody {
  @IsToken()
  token!: string;
}

function isEmailAddress(value: unknown): boolean {
  return isText(value) && value.length <= EMAIL_CHARACTERS_MAX && isEmail(value);
}

function isToken(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= TOKEN_CHARACTERS_MAX;
}
