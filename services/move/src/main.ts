import { Command, Option } from 'commander';
import { announceRefusal } from '#libs/process';
import { readSide } from './config';
import { runMove, type MoveOptions } from './run-move';

const help = `
STORES is a data directory with the embedded engines, such as ./data; or a file of settings like .env, which names
engines by EVENT_STORE_URL, KEY_STORE_URL and READ_STORE_URL; or the word environment, for the settings of this process.

  npm run move -- --from ./data --to .env.engines    to the engines
  npm run move -- --from .env.engines --to ./back    and back

Stop every service of the source first. Interrupted, run it again: it goes on from what the target has. Until it is
complete, no service that opens values starts on the target; the audit relay, which opens none, is yours to leave off.
The root key is not copied. docs/guide/moving.md shows all of it.`;

const program = new Command('npm run move --')
  .description(
    'Copies an installation to other engines: its log, its wrapped keys, its records. Verifies the copy.',
  )
  .requiredOption('--from <stores>', 'where the installation is')
  .requiredOption('--to <stores>', 'where it goes: empty, or what an interrupted copy has left')
  .option('--dry-run', 'say what would be copied, and write nothing')
  .addOption(new Option('--verify', 'only compare the two, by counts and hashes').conflicts('dryRun'))
  .addHelpText('after', help)
  .action(
    async ({ from, to, dryRun, verify }: { from: string; to: string; dryRun?: true; verify?: true }) => {
      const mode: MoveOptions['mode'] = verify ? 'verify' : dryRun ? 'dry-run' : 'copy';
      const isDone = await runMove({
        source: readSide(from),
        target: readSide(to),
        mode,
        screen: process.stdout,
      });
      process.exit(isDone ? 0 : 1);
    },
  );

program.parseAsync().catch((error: unknown) => {
  announceRefusal(error);
  process.exit(1);
});
