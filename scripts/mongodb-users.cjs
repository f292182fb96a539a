// Runs once, in mongosh: the image of MongoDB does so when it finds no data. It makes a login for each of the two stores,
// with rights on the databases of that store alone: whoever has the one for read models reaches no wrapped key.
/* global db */
const { READ_STORE_PASSWORD, KEY_STORE_PASSWORD } = process.env;

// Each service has a read store of its own, as libs/host names them.
const readStores = ['access', 'secrets-command', 'secrets-query', 'audit-relay'].map(
  (name) => `hklst-${name}`,
);
const logins = [
  { user: 'hklst', pwd: READ_STORE_PASSWORD, databases: readStores },
  { user: 'hklst-keys', pwd: KEY_STORE_PASSWORD, databases: ['hklst-keys'] },
];

for (const { user, pwd, databases } of logins) {
  const roles = databases.map((name) => ({ role: 'readWrite', db: name }));
  db.getSiblingDB('admin').createUser({ user, pwd, roles });
}
