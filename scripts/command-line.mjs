// How every script reads its arguments and reports a failure: in one sentence, without a stack trace.
import { parseArgs } from 'node:util';

/** The exit code for a wrong call, by convention of the shell. 1 is for a correct call that failed. */
const USAGE_ERROR = 2;

/** Reads a script's arguments. `--help` prints `usage` and exits with 0; an unknown argument exits with 2. */
export function readArguments({ command, usage, options = {}, allowPositionals = false }) {
  try {
    const known = { ...options, help: { type: 'boolean', default: false } };
    const { values, positionals } = parseArgs({ options: known, allowPositionals });
    if (!values.help) return { values, positionals };
  } catch (error) {
    // Only the first sentence of Node's message is shown. The others advise on arguments that nobody meant.
    refuseArguments(error.message.split(/\. |\.$/)[0], command);
  }
  console.log(usage);
  process.exit(0);
}

/** Exits with 2 after a wrong call. `why` is a sentence without its full stop. */
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

/** Describes a failure in one sentence: for one of the file system, which file and why; for any other, its message. */
function sentenceOf({ code, path: file, message }) {
  return file === undefined ? message : `${file} cannot be used: ${reasons[code] ?? code}.`;
}

/** Runs a script's work. When it fails, prints why and sets exit code 1. */
export async function run(work) {
  try {
    await work();
  } catch (error) {
    console.error(sentenceOf(error));
    process.exitCode = 1;
  }
}
