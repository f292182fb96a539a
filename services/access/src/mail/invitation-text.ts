import type { InvitationMail } from './mailer';

const NAME_CHARACTERS_MAX = 100;
/**
 * White space, line ends, control characters and characters that change the direction of text. In a name, each run
 * becomes one blank.
 */
const BLANK = /[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

interface Text {
  readonly subject: string;
  readonly text: string;
}

/**
 * Writes the mail of an invitation. Another person chose the organization's name, so it is cut and kept on one line.
 */
export function invitationText({ organization, link, expiresAt }: InvitationMail): Text {
  const name = oneLine(organization);
  return {
    subject: `Invitation to ${name}`,
    text: `You are invited to join the organization "${name}".

Open this link to accept. It works once, until ${readable(expiresAt)}:

${link.expose()}

If you did not expect this, leave it: nothing happens unless you open the link.
`,
  };
}

function oneLine(name: string): string {
  // `=?` begins an encoded word (RFC 2047). A mail program would decode the rest of the name into other text.
  const plain = name.replace(BLANK, ' ').replaceAll('=?', '= ?').trim();
  const characters = Array.from(plain);
  return characters.length > NAME_CHARACTERS_MAX
    ? `${characters.slice(0, NAME_CHARACTERS_MAX).join('')}…`
    : plain;
}

/** Gives a time as in `30 November 2026, 10:00 UTC`. */
function readable(time: string): string {
  const date = new Date(time);
  const day = date.toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
  return `${day}, ${date.toISOString().slice(11, 16)} UTC`;
}
