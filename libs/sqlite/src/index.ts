export type { Connection, Parameter, Statement } from './sqlite-connection';
export { openSqliteReader, type SqliteReader } from './sqlite-reader';
export { openSqliteWriter, type Jobs, type SqliteWriter, type WriterOptions } from './sqlite-writer';
