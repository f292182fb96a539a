import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Text that nobody else writes; long enough that it is no sane request id, which would rightly be echoed. */
export function newCanary(label: string): string {
  return `${label}${randomBytes(40).toString('hex')}`;
}

/** How a text may lie in a file without being seen by its name. */
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
    // A plain hash of a value that can be guessed gives the value away.
    ['SHA-256', createHash('sha256').update(bytes).digest()],
    ['SHA-256 hex', Buffer.from(createHash('sha256').update(bytes).digest('hex'))],
  ];
}

/** The characters that stand for the text alone when it begins `shift` bytes into a group of three. */
function base64Inside(bytes: Buffer, shift: number, encoding: 'base64' | 'base64url'): Buffer {
  const groups = Buffer.concat([Buffer.alloc(shift), bytes]);
  const whole = groups.subarray(shift === 0 ? 0 : 3, groups.length - (groups.length % 3));
  return Buffer.from(whole.toString(encoding));
}

/** Where texts lie in files below a directory, in whatever disguise: `events.db: base64+1`. */
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
