import { renameSync, rmSync } from 'node:fs';
import { prepareDataDirectory, writePrivateFile, type StoresConfig } from '#libs/host';
import { isAppError, newCommandId, systemClock, type Redacted } from '#libs/kernel';
import type { FirstOrganization } from './first-organization';

/**
 * Makes the first organization and keeps its key in a file. Null when there was nothing to make, or when another process
 * that started at the same time was faster: each writes a draft of its own, and the file is that of the one who was.
 * A crash in between leaves the draft.
 */
export async function makeFirstKey(
  first: FirstOrganization,
  { dataDir, firstApiKeyFile: file }: StoresConfig,
): Promise<Redacted<string> | null> {
  const draft = `${file}.${newCommandId(systemClock.now())}`;
  try {
    const key = await first.make(async (made) => {
      prepareDataDirectory(dataDir);
      await writePrivateFile(draft, made);
    });
    if (key) renameSync(draft, file);
    return key;
  } catch (error) {
    if (!isAppError(error, 'WRONG_REVISION')) throw error;
    rmSync(draft, { force: true });
    return null;
  }
}
