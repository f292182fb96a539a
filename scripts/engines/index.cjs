// For specs and scripts that need their own server, to kill, pause and restart it.
const { composeCheck, enginesInstalled } = require('./install-engines.cjs');
const { startEventStore } = require('./start-event-store.cjs');
const { startKafka } = require('./start-kafka.cjs');
const { startMongo } = require('./start-mongo.cjs');

module.exports = { composeCheck, enginesInstalled, startEventStore, startKafka, startMongo };
