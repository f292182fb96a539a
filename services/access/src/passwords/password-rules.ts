import { readFileSync } from 'node:fs';
import type { Redacted } from '#libs/kernel';
import { canonicalEmail } from '../users/canonical-email';

/** The rules are those of NIST SP 800-63B, except for the length (docs/adr/0014). */
const CHARACTERS_MIN = 12;
const CHARACTERS_MAX = 256;
const PRODUCT = 'hklst';
/** The characters that a password must have besides the words that an attacker would try first. */
const OWN_CHARACTERS_MIN = 8;

/**
 * The most common passwords that are long enough, in lower case, one a line. They are loaded with the first new
 * password.
 */
let common: ReadonlySet<string> | undefined;

/**
 * Says why this password is refused, as the end of a sentence; null when it is good. No kinds of characters are
 * demanded; only passwords that others would guess are refused.
 */
export function passwordComplaint(password: Redacted<string>, email: string): string | null {
  const text = password.expose().normalize('NFKC');
  const characters = Array.from(text).length;
  if (!text.isWellFormed()) return 'must be text';
  if (characters < CHARACTERS_MIN) return `must have at least ${CHARACTERS_MIN} characters`;
  if (characters > CHARACTERS_MAX) return `must have at most ${CHARACTERS_MAX} characters`;
  const folded = text.toLowerCase();
  if (isCommon(folded)) return 'is one of the most common passwords; choose another';
  if (isMonotonous(folded)) return 'repeats itself; choose another';
  if (isGuessable(folded, email))
    return 'is too much like your e-mail address or this product; choose another';
  return null;
}

/**
 * Tells whether a password is common, also with a few digits or signs at the end, as people add when they change one.
 */
function isCommon(text: string): boolean {
  common ??= new Set(readFileSync(require.resolve('#common-passwords.txt'), 'utf8').split('\n'));
  const stem = text.replace(/[\d!.?*#$@_-]{1,4}$/, '');
  return common.has(text) || common.has(stem);
}

/** Tells whether a password repeats one short piece, or is a sequence such as 1234…. */
function isMonotonous(text: string): boolean {
  if (/^(.{1,6}?)\1+.{0,5}$/su.test(text) && new Set(text).size < OWN_CHARACTERS_MIN) return true;
  const steps = Array.from(
    text,
    (character, at) => (text.codePointAt(at + 1) ?? 0) - (character.codePointAt(0) ?? 0),
  );
  const rising = steps.filter((step) => step === 1 || step === -1).length;
  return rising >= steps.length - 3;
}

function isGuessable(text: string, email: string): boolean {
  const canonical = canonicalEmail(email);
  const [local = '', domain = ''] = canonical.split('@');
  const words = [canonical, local, ...local.split(/[^\p{L}\p{N}]+/u), domain, ...domain.split('.'), PRODUCT];
  const own = words
    .filter((word) => word.length >= 3)
    .sort((a, b) => b.length - a.length)
    .reduce((rest, word) => rest.replaceAll(word, ''), text);
  return own !== text && Array.from(own).length < OWN_CHARACTERS_MIN;
}
