import { readHostConfig } from '#libs/host';
import {
  configInvalid,
  flag,
  integer,
  isLoopback,
  list,
  oneOf,
  optionalText,
  readEnv,
  readTogether,
  redacted,
  text,
  type ValuesOf,
} from '#libs/kernel';

/** Settings of the audit relay: the brokers, and the topic. */
export type KafkaConfig = ReturnType<typeof readAuditRelayConfig>;

const kafkaSettings = {
  KAFKA_BROKERS: brokers,
  KAFKA_CLIENT_ID: text('hklst-audit-relay'),
  KAFKA_TLS: flag(),
  KAFKA_SASL_MECHANISM: oneOf('none', ['none', 'plain', 'scram-sha-256', 'scram-sha-512']),
  KAFKA_SASL_USERNAME: optionalText(),
  KAFKA_SASL_PASSWORD: redacted(),
  KAFKA_TOPIC_PREFIX: topicPrefix,
  KAFKA_TOPIC_PARTITIONS: integer(6, 1, 1_000),
  KAFKA_TOPIC_REPLICATION: integer(3, 1, 15),
  KAFKA_TOPIC_RETENTION_DAYS: integer(30, 1, 36_500),
  KAFKA_MIN_INSYNC_REPLICAS: integer(2, 1, 15),
};
type KafkaSettings = ValuesOf<typeof kafkaSettings>;

export function readAuditRelayConfig(env = process.env) {
  const settings = readEnv(env, kafkaSettings);
  const { sasl, replicas } = readTogether({
    sasl: () => saslOf(settings),
    replicas: () => replicasOf(settings),
  });
  return {
    brokers: settings.KAFKA_BROKERS,
    clientId: settings.KAFKA_CLIENT_ID,
    tls: settings.KAFKA_TLS,
    sasl,
    /** The topic, and the settings with which it is created if it does not exist. */
    topic: {
      name: `${settings.KAFKA_TOPIC_PREFIX}.secrets.audit.v1`,
      partitions: settings.KAFKA_TOPIC_PARTITIONS,
      ...replicas,
      retentionDays: settings.KAFKA_TOPIC_RETENTION_DAYS,
    },
  };
}

function replicasOf(settings: KafkaSettings) {
  const { KAFKA_TOPIC_REPLICATION: replication, KAFKA_MIN_INSYNC_REPLICAS: minInsyncReplicas } = settings;
  if (minInsyncReplicas > replication)
    throw configInvalid('KAFKA_MIN_INSYNC_REPLICAS', 'is larger than KAFKA_TOPIC_REPLICATION');
  return { replication, minInsyncReplicas };
}

/** Null without a login. Credentials are sent under TLS, or do not leave this machine. */
function saslOf(settings: KafkaSettings) {
  const {
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: username,
    KAFKA_SASL_PASSWORD: password,
  } = settings;
  const refused = (what: string) => configInvalid('KAFKA_SASL_MECHANISM', what);
  if (mechanism === 'none') {
    if (username === undefined && password === undefined) return null;
    throw refused('must be set with KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
  }
  if (username === undefined || password === undefined)
    throw refused('needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
  if (!settings.KAFKA_TLS && !settings.KAFKA_BROKERS.every(isHere))
    throw refused('needs KAFKA_TLS=on, or every password crosses the network');
  return { mechanism, username, password };
}

function isHere(broker: string): boolean {
  return isLoopback(broker.replace(/:\d+$/, ''));
}

const hostsAndPorts = list('host:port', (entry) => /^[\w.-]+:\d{1,5}$/.test(entry));
const NO_BROKERS = 'is not set. Set it to host:port of the brokers, or leave the relay out';

function brokers(value: string | undefined): string[] {
  const found = hostsAndPorts(value);
  if (found.length === 0) throw new Error(NO_BROKERS);
  return found;
}

function topicPrefix(value: string | undefined): string {
  const prefix = value ?? 'hklst';
  // Kafka allows 249 characters for the whole name.
  if (!/^[\w.-]{1,200}$/.test(prefix)) throw new Error('must be 1 to 200 letters, digits, dots, - or _');
  return prefix;
}

/** Settings of the process: its log level and its stores. */
export function readAuditRelayHostConfig(env = process.env) {
  return readHostConfig(env);
}
