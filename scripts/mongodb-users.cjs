// The image of MongoDB runs this once in mongosh, when it finds no data. It makes one login for the read stores and one
// for the key store. Each has rights on its own databases only, so the login of the read stores cannot reach a wrapped
// key.
/* global db */
const { READ_STORE_PASSWORD, KEY_STORE_PASSWORD } = process.env;

// Each service has its own read store, with the name that libs/host gives it.
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
