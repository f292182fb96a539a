// For specs and scripts that need a server of their own, to kill, pause and restart.
const { enginesInstalled } = require('./install-engines.cjs');
const { startEventStore } = require('./start-event-store.cjs');
const { startKafka } = require('./start-kafka.cjs');
const { startMongo } = require('./start-mongo.cjs');

module.exports = { enginesInstalled, startEventStore, startKafka, startMongo };
