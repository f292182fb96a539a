import { storeSettings, toStoresConfig } from '#libs/host';
import { AppError, integer, isLoopback, oneOf, optionalText, readEnv, Redacted, text } from '#libs/kernel';
import { processSettings } from '#libs/process';

/** Settings of the audit relay. */
export type AuditRelayConfig = ReturnType<typeof readAuditRelayConfig>;
export type KafkaConfig = NonNullable<AuditRelayConfig['kafka']>;

export function readAuditRelayConfig(env = process.env) {
  const settings = readEnv(env, {
    KAFKA_BROKERS: brokers,
    KAFKA_CLIENT_ID: text('hklst-audit-relay'),
    KAFKA_TLS: oneOf('off', ['off', 'on']),
    KAFKA_SASL_MECHANISM: oneOf('none', ['none', 'plain', 'scram-sha-256', 'scram-sha-512']),
    KAFKA_SASL_USERNAME: optionalText(),
    KAFKA_SASL_PASSWORD: secret,
    KAFKA_TOPIC_PREFIX: topicPrefix,
    KAFKA_TOPIC_PARTITIONS: integer(6, 1, 1_000),
    KAFKA_TOPIC_REPLICATION: integer(3, 1, 15),
    KAFKA_TOPIC_RETENTION_DAYS: integer(30, 1, 36_500),
    KAFKA_MIN_INSYNC_REPLICAS: integer(2, 1, 15),
  });
  if (settings.KAFKA_MIN_INSYNC_REPLICAS > settings.KAFKA_TOPIC_REPLICATION)
    throw configInvalid('KAFKA_MIN_INSYNC_REPLICAS is larger than KAFKA_TOPIC_REPLICATION.');
  const { KAFKA_BROKERS: brokerList } = settings;
  return {
    /** Null: KAFKA_BROKERS is not set, and there is nothing to relay to. */
    kafka:
      brokerList.length === 0
        ? null
        : {
            brokers: brokerList,
            clientId: settings.KAFKA_CLIENT_ID,
            tls: settings.KAFKA_TLS === 'on',
            sasl: saslOf(settings),
            /** The topic, and how it is made when it is not there. */
            topic: {
              name: `${settings.KAFKA_TOPIC_PREFIX}.secrets.audit.v1`,
              partitions: settings.KAFKA_TOPIC_PARTITIONS,
              replication: settings.KAFKA_TOPIC_REPLICATION,
              minInsyncReplicas: settings.KAFKA_MIN_INSYNC_REPLICAS,
              retentionDays: settings.KAFKA_TOPIC_RETENTION_DAYS,
            },
          },
  };
}

interface SaslSettings {
  readonly KAFKA_BROKERS: readonly string[];
  readonly KAFKA_TLS: 'off' | 'on';
  readonly KAFKA_SASL_MECHANISM: 'none' | 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly KAFKA_SASL_USERNAME: string | undefined;
  readonly KAFKA_SASL_PASSWORD: Redacted<string> | undefined;
}

/** Null without a login. Credentials travel under TLS, or do not leave this machine. */
function saslOf(settings: SaslSettings) {
  const {
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: username,
    KAFKA_SASL_PASSWORD: password,
  } = settings;
  if (mechanism === 'none') {
    if (username === undefined && password === undefined) return null;
    throw configInvalid('a Kafka username or password needs KAFKA_SASL_MECHANISM.');
  }
  if (username === undefined || password === undefined)
    throw configInvalid('KAFKA_SASL_MECHANISM needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.');
  if (settings.KAFKA_TLS === 'off' && !settings.KAFKA_BROKERS.every(isHere))
    throw configInvalid('KAFKA_SASL_MECHANISM needs KAFKA_TLS=on, or every password crosses the network.');
  return { mechanism, username, password };
}

function isHere(broker: string): boolean {
  return isLoopback(broker.replace(/:\d+$/, ''));
}

function brokers(value: string | undefined): string[] {
  const list = (value ?? '')
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  if (!list.every((broker) => /^[\w.-]+:\d{1,5}$/.test(broker)))
    throw new Error('must be a list of host:port, separated by commas');
  return list;
}

function topicPrefix(value: string | undefined): string {
  const prefix = value ?? 'hklst';
  // Kafka allows 249 characters for the whole name.
  if (!/^[\w.-]{1,200}$/.test(prefix)) throw new Error('must be 1 to 200 letters, digits, dots, - or _');
  return prefix;
}

function secret(value: string | undefined): Redacted<string> | undefined {
  return value === undefined ? undefined : new Redacted(value);
}

function configInvalid(reason: string): AppError {
  return new AppError('CONFIG_INVALID', { safeMessage: `Cannot start: ${reason}` });
}

/** Settings of the process: its log level and its stores. */
export function readAuditRelayHostConfig(env = process.env) {
  const settings = readEnv(env, { ...processSettings, ...storeSettings });
  return {
    logLevel: settings.LOG_LEVEL,
    healthFile: settings.HEALTH_FILE,
    stores: toStoresConfig(settings),
  };
}
