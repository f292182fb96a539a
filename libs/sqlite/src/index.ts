export type { Connection, Parameter, Statement } from './sqlite-connection';
export { openSqliteReader, type ReadStatement, type SqliteReader } from './sqlite-reader';
export type { Jobs, SqliteWriter, WriterOptions } from './sqlite-writer';
export { openSqliteWriter } from './open-sqlite-writer';
export { SoleWriterCache } from './sole-writer-cache';
