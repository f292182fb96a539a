import { isEmail } from 'class-validator';
import { fieldRule } from './field-rule';
import { isText } from './text-field.dto';

const EMAIL_CHARACTERS_MAX = 254;

/** The e-mail address of a person. */
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
    validate: (value) => isText(value) && value.length <= EMAIL_CHARACTERS_MAX && isEmail(value),
  });
