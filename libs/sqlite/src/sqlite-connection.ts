import Database from 'libsql';

/** Values that can be bound. Not a boolean, because the driver aborts the whole process on one. */
export type Parameter = string | number | bigint | Uint8Array | null;

/** Rows are arrays in the order of the selected columns. */
export interface Statement<Row extends readonly unknown[] = unknown[]> {
  run(...parameters: readonly Parameter[]): {
    readonly changes: number;
    readonly lastInsertRowid: number | bigint;
  };
  get(...parameters: readonly Parameter[]): Row | undefined;
  all(...parameters: readonly Parameter[]): Row[];
}

/**
 * The part of the driver that we use, so that another driver can replace it. Errors are the driver's own, with SQLite's
 * name of the error in `code` (`SQLITE_FULL`).
 */
export interface Connection {
  readonly inTransaction: boolean;
  prepare<Row extends readonly unknown[] = unknown[]>(sql: string): Statement<Row>;
  /** Runs several statements without parameters. */
  exec(sql: string): void;
  /** Gives the first column of the first row of the pragma's result. */
  pragma(source: string): unknown;
  /** Rolls back; a second call does nothing. The file stays open until the statements are garbage-collected. */
  close(): void;
}

export function connect(file: string): Connection {
  let database: Database.Database | undefined = new Database(file);
  // The driver aborts the whole process when a closed connection is used.
  const opened = () => {
    if (!database) throw new Error('The connection is closed');
    return database;
  };
  return {
    get inTransaction() {
      return opened().inTransaction;
    },
    prepare: <Row extends readonly unknown[]>(sql: string) => prepare<Row>(opened(), sql),
    exec: (sql) => void opened().exec(sql),
    pragma: (source) => prepare(opened(), `PRAGMA ${source}`).get()?.[0],
    close() {
      // A closed connection that waits for the garbage collector must not hold a lock.
      if (database?.inTransaction) database.exec('ROLLBACK');
      database?.close();
      database = undefined;
    },
  };
}

function prepare<Row extends readonly unknown[]>(database: Database.Database, sql: string): Statement<Row> {
  const statement = database.prepare(sql);
  if (statement.reader) statement.raw();
  // The parameters go as one array, because the driver takes a single object for named parameters.
  return {
    run: (...parameters) => statement.run(bindable(parameters)),
    get: (...parameters) => statement.get(bindable(parameters)) as Row | undefined,
    all: (...parameters) => statement.all(bindable(parameters)) as Row[],
  };
}

function bindable(parameters: readonly Parameter[]): readonly Parameter[] {
  for (const parameter of parameters) {
    if (typeof parameter === 'boolean') throw new TypeError('A boolean cannot be bound; use 0 or 1');
  }
  return parameters;
}
