import { fieldRule } from '../openapi/field-rule';
import { characters, isText } from '../secrets/secret-field.dto';

const LABEL_CHARACTERS_MAX = 100;
/** No control character, and one at least that is no space. */
const LABEL = /^\P{Cc}*[^\s\p{Cc}]\P{Cc}*$/u;

/** What people call an organization or a key: one line. */
export const IsLabel = () =>
  fieldRule({
    name: 'label',
    message: `must be text of 1 to ${LABEL_CHARACTERS_MAX} characters, not only spaces, without control characters and lone surrogates`,
    schema: {
      type: 'string',
      pattern: LABEL.source,
      maxLength: LABEL_CHARACTERS_MAX,
      examples: ['Payments'],
    },
    validate: (value) => isText(value) && characters(value) <= LABEL_CHARACTERS_MAX && LABEL.test(value),
  });
