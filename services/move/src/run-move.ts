import type { Side } from './config';
import { Move, type Survey } from './move';
import { moveRefused } from './move-refused';
import { comparisonTable } from './report/comparison-table';
import { placesOf } from './report/places';
import { createProgress, type Screen } from './report/progress';
import { openSource, openTarget, openTargetToLookAt, type OpenSide } from './sides/open-side';

export interface MoveOptions {
  readonly source: Side;
  readonly target: Side;
  /** `verify` and `dry-run` write nothing. */
  readonly mode: 'copy' | 'dry-run' | 'verify';
  /** Gets the result, usually stdout. */
  readonly screen: Screen;
  /** Gets the names of the stores and the progress, usually stderr. */
  readonly meanwhile: Screen;
}

/** Runs the command. Gives false only when `verify` finds a difference. Fails with an AppError for the user. */
export async function runMove({ source, target, mode, screen, meanwhile }: MoveOptions): Promise<boolean> {
  assertApart(source, target);
  const from = await openSource(source);
  try {
    const to = await (mode === 'copy' ? openTarget(target) : openTargetToLookAt(target));
    try {
      meanwhile.write(`From ${placesOf(source)}To ${placesOf(target)}\n`);
      return await run({ from, to, mode, screen, meanwhile });
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

interface Run extends Pick<MoveOptions, 'mode' | 'screen' | 'meanwhile'> {
  readonly from: OpenSide;
  readonly to: OpenSide;
}

async function run({ from, to, mode, screen, meanwhile }: Run): Promise<boolean> {
  const move = new Move(from, to, createProgress(meanwhile));
  const before = await move.survey();
  if (mode === 'verify' || before.isSame) return report(before, screen);
  await move.assertMovable(before);
  if (mode === 'dry-run') {
    screen.write(
      `\n${comparisonTable(before.comparisons)}\nNothing was written. Without --dry-run, what is missing is copied.\n`,
    );
    return true;
  }
  const after = await move.copy(before);
  report(after, screen);
  screen.write(afterwards(from.name, to.name));
  return true;
}

/** Prints the comparison and its verdict. Gives true if both sides hold the same. */
function report({ comparisons, isSame, isComplete }: Survey, screen: Screen): boolean {
  const differ = isComplete ? 'They differ.' : 'They differ: the target is no complete copy.';
  screen.write(
    `\n${comparisonTable(comparisons)}\n${isSame ? 'Complete: both sides hold the same.' : differ}\n`,
  );
  return isSame;
}

function afterwards(from: string, to: string): string {
  return `
Not copied: the root key. Give the services of ${to} the one of ${from}, as ROOT_KEY_FILE or ROOT_KEY.
Not copied: lists and indexes. They are made anew from the log when the services start.
Start only one of the two from here on: what is written to ${from} now does not reach ${to}.
`;
}

/** Fails with MOVE_REFUSED if both sides have a store in common, which would be compared with itself. */
function assertApart({ stores: source }: Side, { stores: target }: Side): void {
  const same = [
    source.eventStoreUrl === target.eventStoreUrl && 'event store',
    source.keyStoreUrl === target.keyStoreUrl && 'key store',
    source.readStoreUrl('access') === target.readStoreUrl('access') && 'read stores',
  ].find((what) => what !== false);
  if (same) throw moveRefused(`Source and target have the same ${same}: give each side its own.`);
}
