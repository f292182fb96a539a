import type { InvitationMail } from './mailer';

const NAME_CHARACTERS_MAX = 100;
/** What ends a line, steers a terminal or turns text around, and blanks: in a name, each is one blank. */
const BLANK = /[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

interface Text {
  readonly subject: string;
  readonly text: string;
}

/** What an invitation says. The name was chosen by somebody else than who reads it, so it stays on its line and short. */
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
  // What begins an encoded word in a subject would be decoded into whatever it says.
  const plain = name.replace(BLANK, ' ').replaceAll('=?', '= ?').trim();
  const characters = Array.from(plain);
  return characters.length > NAME_CHARACTERS_MAX
    ? `${characters.slice(0, NAME_CHARACTERS_MAX).join('')}…`
    : plain;
}

/** `30 November 2026, 10:00 UTC`. */
function readable(time: string): string {
  const date = new Date(time);
  const day = date.toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
  return `${day}, ${date.toISOString().slice(11, 16)} UTC`;
}
