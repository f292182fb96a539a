import { inspect } from 'node:util';
import { isAppError } from '#libs/kernel';
import { readAuditRelayConfig } from './config';

const brokers = { KAFKA_BROKERS: 'kafka-1.example:9093, kafka-2.example:9093' };
const login = { KAFKA_SASL_USERNAME: 'relay', KAFKA_SASL_PASSWORD: 'canary' };
const sasl = { ...brokers, ...login, KAFKA_TLS: 'on', KAFKA_SASL_MECHANISM: 'scram-sha-512' };

function refusal(env: NodeJS.ProcessEnv): string {
  try {
    readAuditRelayConfig(env);
    return 'none';
  } catch (error) {
    return isAppError(error, 'CONFIG_INVALID') ? error.safeMessage : 'another error';
  }
}

describe('readAuditRelayConfig', () => {
  it('is nothing without brokers, and says what to do', () => {
    expect(refusal({})).toBe(
      'Cannot start: KAFKA_BROKERS is not set. Set it to host:port of the brokers, or leave the relay out.',
    );
  });

  it('names every bad setting at once, also where one depends on another', () => {
    const complaint = refusal({ ...brokers, KAFKA_SASL_PASSWORD: 'canary', KAFKA_MIN_INSYNC_REPLICAS: '5' });
    for (const name of ['KAFKA_SASL_MECHANISM', 'KAFKA_MIN_INSYNC_REPLICAS'])
      expect(complaint).toContain(name);
  });

  it('makes a topic that survives the loss of a broker, by default', () => {
    expect(readAuditRelayConfig(brokers)).toEqual({
      brokers: ['kafka-1.example:9093', 'kafka-2.example:9093'],
      clientId: 'hklst-audit-relay',
      tls: false,
      sasl: null,
      topic: {
        name: 'hklst.secrets.audit.v1',
        partitions: 6,
        replication: 3,
        minInsyncReplicas: 2,
        retentionDays: 30,
      },
    });
  });

  it('keeps the password out of sight', () => {
    const config = readAuditRelayConfig(sasl);
    expect(config.sasl?.password.expose()).toBe('canary');
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain('canary');
  });

  it('lets a password cross this machine without TLS, and no network', () => {
    const plain = { ...sasl, KAFKA_TLS: 'off' };
    expect(refusal(plain)).toContain('KAFKA_TLS=on');
    expect(refusal({ ...plain, KAFKA_BROKERS: '127.0.0.1:9092,localhost:9093' })).toBe('none');
    expect(refusal({ ...plain, KAFKA_BROKERS: '127.0.0.1:9092,kafka.example:9092' })).toContain(
      'KAFKA_TLS=on',
    );
  });

  it.each([
    ['KAFKA_BROKERS', { KAFKA_BROKERS: 'kafka.example' }],
    ['KAFKA_TOPIC_PREFIX', { ...brokers, KAFKA_TOPIC_PREFIX: 'a b' }],
    ['KAFKA_MIN_INSYNC_REPLICAS', { ...brokers, KAFKA_TOPIC_REPLICATION: '1' }],
    ['KAFKA_SASL_MECHANISM', { ...brokers, ...login }],
    ['KAFKA_SASL_USERNAME', { ...sasl, KAFKA_SASL_USERNAME: '' }],
    ['KAFKA_SASL_PASSWORD', { ...sasl, KAFKA_SASL_PASSWORD: '' }],
  ])('refuses a %s that cannot work, without its value', (name, env) => {
    expect(refusal(env)).toContain(name);
    expect(refusal(env)).not.toContain('canary');
  });
});
