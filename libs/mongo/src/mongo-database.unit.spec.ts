import { openMongo } from './mongo-database';

describe('openMongo', () => {
  it('lets no URL weaken what a write or a read promises', () => {
    const url = 'mongodb://localhost/db?w=0&journal=false&readConcernLevel=local&readPreference=secondary';
    const collection = openMongo(url, { setting: 'URL', database: 'db' }).collection('any');
    expect(collection.writeConcern).toMatchObject({ w: 'majority', journal: true });
    expect(collection.readConcern).toMatchObject({ level: 'majority' });
    expect(collection.readPreference?.mode).toBe('primary');
  });
});
