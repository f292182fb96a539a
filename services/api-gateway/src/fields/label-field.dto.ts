import { fieldRule } from './field-rule';
import { characters, isText } from './text-field.dto';

const LABEL_CHARACTERS_MAX = 100;
/** No control character, and at least one character that is not a space. */
const LABEL = /^\P{Cc}*[^\s\p{Cc}]\P{Cc}*$/u;

/** The name that people give to an organization, to a key or to themselves: one line of text. */
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
