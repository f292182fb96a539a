export type { Collection, Filter, Sort } from 'mongodb';
export { GroupedCalls } from './grouped-calls';
export { BATCH_MS, openMongo, REQUEST_MS, type MongoDatabase } from './mongo-database';
export { duplicatesIn } from './server-errors';
