import { roles, type Role } from '#libs/contracts';
import { IsEmailAddress } from '../fields/email-field.dto';
import { About, fieldRule, IfSent } from '../fields/field-rule';
import { IsOneOf } from '../fields/text-field.dto';

const TOKEN_CHARACTERS_MAX = 512;

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
    validate: (value) =>
      typeof value === 'string' && value.length > 0 && value.length <= TOKEN_CHARACTERS_MAX,
  });

/** Body of `POST /organizations/:id/members/invite`. */
export class InviteMemberBody {
  @IsEmailAddress()
  email!: string;

  @About('Default `member`.')
  @IfSent()
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
