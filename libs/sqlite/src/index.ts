export type { Connection, Parameter, Statement } from './sqlite-connection';
export type { ReadStatement, SqliteReader } from './sqlite-reader';
export type { Jobs, SqliteWriter, WriterOptions } from './sqlite-writer';
export { openSqliteFile } from './open-sqlite-file';
export { SoleWriterCache } from './sole-writer-cache';
