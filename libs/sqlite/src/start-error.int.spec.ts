import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startError } from './start-error';

describe('startError', () => {
  let folder: string;
  const failure = (code: string) => Object.assign(new Error('ConnectionFailed("… : 14")'), { code });
  const said = (file: string, code: string) => startError(file, failure(code)).safeMessage;

  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'start-error-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('tells a full disk, and what to do about it', () => {
    const file = path.join(folder, 'events.db');
    expect(said(file, 'SQLITE_FULL')).toBe(
      `${file} cannot be opened: the disk is full. Free some space, then start again.`,
    );
  });

  it("repeats none of SQLite's own words when it finds no reason, but the code", () => {
    const file = path.join(folder, 'events.db');
    writeFileSync(file, '');
    expect(said(file, 'SQLITE_CANTOPEN')).toBe(
      `${file} cannot be opened: SQLite fails with SQLITE_CANTOPEN. See that the disk has space and works, and that this user may open enough files.`,
    );
  });
});
