import { Command, Option } from 'commander';
import { announceRefusal, USAGE_ERROR } from '#libs/process';
import { readSide } from './config';
import { runMove, type MoveOptions } from './run-move';

const help = `
STORES is a data directory with the embedded engines, such as ./data; or a file
of settings like .env, which names engines by EVENT_STORE_URL, KEY_STORE_URL and
READ_STORE_URL; or the word environment, for the settings of this process.

  npm run move -- --from ./data --to .env.engines    to the engines
  npm run move -- --from .env.engines --to ./back    and back

Stop every service of the source first. Interrupted, run it again: it goes on
from what the target has. Until it is complete, no service that opens values
starts on the target; the audit relay, which opens none, is yours to leave off.
The root key is not copied. docs/guide/moving.md shows all of it.

Ends with 0 when it is done, with 1 when it is not or the two sides differ, with
2 when it was called wrongly.`;

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly dryRun?: true;
  readonly verify?: true;
}

const program = new Command('npm run move --')
  .description(
    'Copies an installation to other engines: its log, its wrapped keys, its records.\nVerifies the copy.',
  )
  // Not `requiredOption`: if one is misspelt, commander would report it as missing instead of naming the misspelt one.
  .option('--from <stores>', 'where the installation is')
  .option('--to <stores>', 'where it goes: empty, or what an interrupted copy has left')
  .option('--dry-run', 'say what would be copied, and write nothing')
  .addOption(new Option('--verify', 'only compare the two, by counts and hashes').conflicts('dryRun'))
  .addHelpText('after', help)
  .configureOutput({ outputError: (text, write) => write(usageError(text)) })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_ERROR))
  .action(async ({ from, to, dryRun, verify }: Options) => {
    if (from === undefined || to === undefined) return program.error('--from and --to are needed');
    const mode: MoveOptions['mode'] = verify ? 'verify' : dryRun ? 'dry-run' : 'copy';
    const [source, target] = [readSide(from), readSide(to)];
    const { stdout: screen, stderr: meanwhile } = process;
    // The reader of a pipe may end first, like `head`. The copy must then continue, so write errors are ignored.
    for (const stream of [screen, meanwhile]) stream.on('error', () => undefined);
    const isDone = await runMove({ source, target, mode, screen, meanwhile });
    process.exit(isDone ? 0 : 1);
  });

program.parseAsync().catch((error: unknown) => {
  announceRefusal(error);
  process.exit(1);
});

/** Puts commander's message on one line. */
function usageError(text: string): string {
  const words = text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s+/g, ' ');
  return `${words}. npm run move -- --help explains.\n`;
}
