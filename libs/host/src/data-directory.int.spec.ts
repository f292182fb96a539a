import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepareDataDirectory } from './data-directory';

describe('prepareDataDirectory', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'data-directory-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const below = (...names: string[]) => path.join(folder, ...names);

  const expectRefused = (directory: string, words: string) => {
    const safeMessage = `Cannot start: the data directory ${directory} ${words}. Mend that, or set DATA_DIR to another folder.`;
    expect(() => prepareDataDirectory(directory)).toThrow(
      expect.objectContaining({ code: 'DATA_DIR_UNUSABLE', safeMessage }) as Error,
    );
  };

  it('makes what is missing of the path, for its owner alone, and takes what is there', () => {
    for (let time = 0; time < 2; time += 1) prepareDataDirectory(below('some', 'data'));
    expect(statSync(below('some')).mode & 0o777).toBe(0o700);
    expect(statSync(below('some', 'data')).mode & 0o777).toBe(0o700);
    mkdirSync(below('elsewhere'));
    symlinkSync(below('elsewhere'), below('linked'));
    prepareDataDirectory(below('linked', 'data'));
    expect(existsSync(below('elsewhere', 'data'))).toBe(true);
  });

  it('says of a file, and of what lies below it, what it is', () => {
    writeFileSync(below('file'), 'x');
    expectRefused(below('file'), 'is a file, not a folder');
    expectRefused(below('file', 'data', 'deep'), 'lies below a file: part of its path is no folder');
  });

  it('says of a link that leads nowhere that it does', () => {
    symlinkSync(below('nothing'), below('dangling'));
    const words = 'cannot be made: the place takes no folder, or is a link to nothing';
    expectRefused(below('dangling'), words);
    expectRefused(below('dangling', 'data'), words);
    expect(existsSync(below('nothing'))).toBe(false);
    symlinkSync(below('circle'), below('circle'));
    expectRefused(below('circle'), 'is a link that leads back to itself');
  });
});
