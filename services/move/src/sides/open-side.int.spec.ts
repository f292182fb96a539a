import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSide } from '../config';
import { openSource, openTargetToLookAt } from './open-side';

const NOBODY = 65_534;

describe('opening a side of a move', () => {
  let folder: string;
  const place = (name: string) => path.join(folder, name);
  const refusal = (safeMessage: string) => ({ code: 'MOVE_REFUSED', safeMessage });
  const isRoot = process.geteuid?.() === 0;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'open-side-'));
    chmodSync(folder, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('says of an empty folder that nothing is there', async () => {
    await expect(openSource(readSide(folder, {}))).rejects.toMatchObject(
      refusal(`There is no installation in ${folder}: nothing to move.`),
    );
  });

  it('says of what is no file of ours, and of what this user may not open, what is wrong with it', async () => {
    mkdirSync(place('events.db'));
    const words = (file: string, reason: string) => refusal(`${place(file)} ${reason}.`);
    const aFolder = words('events.db', 'is a folder, not a file');
    await expect(openSource(readSide(folder, {}))).rejects.toMatchObject(aFolder);
    await expect(openTargetToLookAt(readSide(folder, {}))).rejects.toMatchObject(aFolder);

    mkdirSync(place('closed'));
    chmodSync(place('closed'), 0o000);
    const closed = words('closed/events.db', 'cannot be read and written by this user: chown it, or run this as its owner'); // prettier-ignore
    // Permissions do not bind root.
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      await expect(openSource(readSide(place('closed'), {}))).rejects.toMatchObject(closed);
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(place('closed'), 0o700);
    }
  });
});
