import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect, type Connection } from './sqlite-connection';
import { openSqliteReader, type SqliteReader } from './sqlite-reader';

describe('openSqliteReader', () => {
  let directory: string;
  let writer: Connection;
  let reader: SqliteReader;
  const write = (text: string) => writer.prepare('INSERT INTO lines VALUES (?)').run(text);
  const reading = () => {
    const statement = reader.prepare<[number]>('SELECT count(*) FROM lines');
    return () => statement.get()?.[0];
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sqlite-'));
    const file = join(directory, 'lines.sqlite');
    writer = connect(file);
    writer.pragma('journal_mode = WAL');
    writer.exec('CREATE TABLE lines(text)');
    reader = openSqliteReader(file);
  });

  afterEach(() => {
    reader.close();
    writer.close();
    rmSync(directory, { recursive: true });
  });

  it('cannot write', () => {
    expect(() => reader.prepare('CREATE TABLE t(a)').get()).toThrow('readonly');
  });

  it('shows several reads of one step the same, and the next step what was committed meanwhile', async () => {
    const count = reading();
    const step = async () => {
      const seen = [count(), count()];
      write('behind the second read');
      seen.push(count());
      await Promise.resolve();
      return [...seen, count()];
    };
    expect(await step()).toEqual([0, 0, 0, 1]);
    expect(count()).toBe(1);
  });

  it('shows everybody who was told of a commit that commit', async () => {
    const count = reading();
    let written = 0;
    const told = async () => {
      for (let round = 0; round < 50; round += 1) {
        await nextTurn();
        const seen = [count(), count(), count()];
        expect(seen).toEqual([written, written, written]);
      }
    };
    const telling = async () => {
      for (let round = 0; round < 50; round += 1) {
        await nextTurn();
        write('told by a message of its own');
        written += 1;
      }
    };
    await Promise.all([telling(), told(), told()]);
    expect(count()).toBe(50);
  });

  it('holds no snapshot behind a read that fails, and none when it is closed', async () => {
    const count = reading();
    count();
    expect(() => reader.prepare("SELECT json('{')").get()).toThrow('malformed JSON');
    write('afterwards');
    await Promise.resolve();
    expect([count(), count()]).toEqual([1, 1]);
    reader.close();
    await Promise.resolve();
    // Nobody reads: all of the log fits into the file.
    expect(writer.pragma('wal_checkpoint(TRUNCATE)')).toBe(0);
  });

  it('reads on after SQLite itself has left the snapshot', async () => {
    const count = reading();
    expect([count(), count()]).toEqual([0, 0]);
    reader.prepare('ROLLBACK').get();
    await nextTurn();
    expect(count()).toBe(0);
  });
});
