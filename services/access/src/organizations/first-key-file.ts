import { randomUUID } from 'node:crypto';
import { readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import {
  prepareDataDirectory,
  readPrivateFile,
  removePrivateFile,
  writePrivateFile,
  type StoresConfig,
} from '#libs/host';
import { isAppError, type Redacted } from '#libs/kernel';
import type { FirstOrganization } from './first-organization';

type Place = Pick<StoresConfig, 'dataDir' | 'firstApiKeyFile'>;

/** The ending of a draft's name, after the name of the file and a dot. */
const DRAFT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Makes the first organization and keeps its key in a file. Gives null when the organization exists, or when another
 * process made it at the same time. Each process writes a draft of its own, and the winner renames its draft to the
 * file. If a crash leaves only the draft, the next start renames it and gives its key, provided that this key was
 * issued.
 */
export async function makeFirstKey(
  first: FirstOrganization,
  { dataDir, firstApiKeyFile: file }: Place,
): Promise<Redacted<string> | null> {
  const draft = `${file}.${randomUUID()}`;
  try {
    const key = await first.make(async (made) => {
      prepareDataDirectory(dataDir);
      await writePrivateFile(draft, made);
    });
    if (!key) return await finishDrafts(first, file);
    rename(draft, file);
    // The other drafts hold keys that will never be issued.
    for (const left of draftsOf(file)) await removePrivateFile(left);
    return key;
  } catch (error) {
    if (!isAppError(error, 'WRONG_REVISION')) throw error;
    await removePrivateFile(draft);
    return null;
  }
}

/** Removes the file, and the drafts that an interrupted start has left. */
export async function forgetFirstKey({ firstApiKeyFile: file }: Place): Promise<void> {
  for (const left of [file, ...draftsOf(file)]) await removePrivateFile(left);
}

/**
 * Renames the draft that holds the issued key, and removes the others. The organization exists, so no draft's key can
 * still be issued.
 */
async function finishDrafts(first: FirstOrganization, file: string): Promise<Redacted<string> | null> {
  let finished: Redacted<string> | null = null;
  for (const draft of draftsOf(file)) {
    const key = await readPrivateFile(draft);
    if (key && (await first.accepts(key))) {
      rename(draft, file);
      finished = key;
    } else {
      await removePrivateFile(draft);
    }
  }
  return finished;
}

/** Lists the drafts; none without a directory, because only the process that makes the first key needs one. */
function draftsOf(file: string): string[] {
  const beginning = `${path.basename(file)}.`;
  const isDraft = (name: string) => name.startsWith(beginning) && DRAFT.test(name.slice(beginning.length));
  const directory = path.dirname(file);
  try {
    return readdirSync(directory)
      .filter(isDraft)
      .map((name) => path.join(directory, name));
  } catch (error) {
    if (!isMissing(error)) throw error;
    return [];
  }
}

/** A missing draft is no error: another process on this directory may have renamed it already. */
function rename(draft: string, file: string): void {
  try {
    renameSync(draft, file);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
