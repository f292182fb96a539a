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

/** Behind the name of the file and a dot. */
const DRAFT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Makes the first organization and keeps its key in a file. Null when there was nothing to make, or when another process
 * that started at the same time was faster: each writes a draft of its own, and the file is that of the one who was.
 * A crash in between leaves the draft, which the next start makes the file if its key came to be: it gives that key then.
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
    // Whose key will never be one: this one is.
    for (const left of draftsOf(file)) await removePrivateFile(left);
    return key;
  } catch (error) {
    if (!isAppError(error, 'WRONG_REVISION')) throw error;
    await removePrivateFile(draft);
    return null;
  }
}

/** Removes the file, and what a start that was cut off has left of it. */
export async function forgetFirstKey({ firstApiKeyFile: file }: Place): Promise<void> {
  for (const left of [file, ...draftsOf(file)]) await removePrivateFile(left);
}

/** Now that the organization is there, a draft is the file of its key, or that of a key which will never be one. */
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

/** None where there is no directory: only who makes the first key needs one. */
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

/** Whoever else starts on this directory may have been faster, and has made it the same file. */
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
