export type { Connection, Parameter, Statement } from './sqlite-connection';
export type { ReadStatement, SqliteReader } from './sqlite-reader';
export type { SqliteWriter } from './sqlite-writer';
export { openSqliteFile } from './open-sqlite-file';
export { SoleWriterCache } from './sole-writer-cache';
