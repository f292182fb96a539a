import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Gives a unique text. It is too long for a request id, because the server repeats a valid request id on purpose. */
export function newCanary(label: string): string {
  return `${label}${randomBytes(40).toString('hex')}`;
}

/** Gives the encodings in which a text may be hidden in a file, with their names. */
function disguises(text: string): [string, Buffer][] {
  const bytes = Buffer.from(text);
  const utf16 = Buffer.from(text, 'utf16le');
  return [
    ['raw', bytes],
    ['hex', Buffer.from(bytes.toString('hex'))],
    ['HEX', Buffer.from(bytes.toString('hex').toUpperCase())],
    ['UTF-16LE', utf16],
    ['UTF-16BE', Buffer.from(utf16).swap16()],
    ...[0, 1, 2].flatMap((shift): [string, Buffer][] => [
      [`base64+${shift}`, base64Inside(bytes, shift, 'base64')],
      [`base64url+${shift}`, base64Inside(bytes, shift, 'base64url')],
    ]),
    // Also plain hashes: an attacker who guesses a value can confirm it with its hash.
    ['SHA-256', createHash('sha256').update(bytes).digest()],
    ['SHA-256 hex', Buffer.from(createHash('sha256').update(bytes).digest('hex'))],
  ];
}

/** Gives the base64 characters that depend on the text alone, if it begins `shift` bytes into a group of three. */
function base64Inside(bytes: Buffer, shift: number, encoding: 'base64' | 'base64url'): Buffer {
  const groups = Buffer.concat([Buffer.alloc(shift), bytes]);
  const whole = groups.subarray(shift === 0 ? 0 : 3, groups.length - (groups.length % 3));
  return Buffer.from(whole.toString(encoding));
}

/** Finds texts in the files below a directory, in any of the encodings. Gives findings like `events.db: base64+1`. */
export function tracesBelow(
  directory: string,
  texts: readonly string[],
  except: readonly string[] = [],
): string[] {
  const needles = texts.flatMap(disguises);
  return filesBelow(directory)
    .filter((file) => !except.includes(file))
    .flatMap((file) => {
      const content = readFileSync(path.join(directory, file));
      return needles.filter(([, needle]) => content.includes(needle)).map(([name]) => `${file}: ${name}`);
    });
}

export function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)));
}
