// What every script says of its arguments and of its failures: one sentence, never a stack.
import { parseArgs } from 'node:util';

/** By convention of the shell: the command was called wrongly. 1 is for what was asked for and did not work. */
const USAGE_ERROR = 2;

/** Reads a script's arguments. `--help` shows `usage` and ends with 0; what `options` does not know ends with 2. */
export function readArguments({ command, usage, options = {}, allowPositionals = false }) {
  try {
    const known = { ...options, help: { type: 'boolean', default: false } };
    const { values, positionals } = parseArgs({ options: known, allowPositionals });
    if (!values.help) return { values, positionals };
  } catch (error) {
    // The first sentence; the next ones explain what nobody meant.
    refuseArguments(error.message.split(/\. |\.$/)[0], command);
  }
  console.log(usage);
  process.exit(0);
}

/** Ends a script that was called wrongly. `why` is a sentence without its full stop. */
export function refuseArguments(why, command) {
  console.error(`${why}. ${command} --help explains.`);
  process.exit(USAGE_ERROR);
}

const reasons = {
  EACCES: 'this user has no right to it',
  EEXIST: 'something else is there',
  EISDIR: 'it is a folder',
  ENOENT: 'it is not there, or its place takes nothing',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'part of its path is not a folder',
  EPERM: 'this user has no right to it',
  EROFS: 'its file system is mounted read-only',
};

/** One sentence about a failure: of the file system's, which file and why; any other says what it says. */
function sentenceOf({ code, path: file, message }) {
  return file === undefined ? message : `${file} cannot be used: ${reasons[code] ?? code}.`;
}

/** Runs a script's work; when that fails, says why and leaves exit code 1. */
export async function run(work) {
  try {
    await work();
  } catch (error) {
    console.error(sentenceOf(error));
    process.exitCode = 1;
  }
}
