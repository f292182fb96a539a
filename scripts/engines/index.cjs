// For specs and scripts that need a server of their own, to kill, pause and restart.
const { composeCheck, enginesInstalled } = require('./install-engines.cjs');
const { startEventStore } = require('./start-event-store.cjs');
const { startKafka } = require('./start-kafka.cjs');
const { startMongo } = require('./start-mongo.cjs');

module.exports = { composeCheck, enginesInstalled, startEventStore, startKafka, startMongo };
