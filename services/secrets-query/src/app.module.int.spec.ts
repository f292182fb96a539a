import { NestFactory } from '@nestjs/core';
import { eventMetadata, openEventStore, type EventStore } from '#libs/event-store';
import { secretStream } from '#libs/events';
import { newCommandId, newId } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { EventStoreDouble, intercepted, openTestStores, someSealed, someSecret } from '#libs/testing';
import { until } from '../../../test/e2e/until';
import { SecretsQueryModule } from './app.module';
import { readSecretsQueryConfig } from './config';
import { FoldedSecrets } from './secrets/folded-secrets';

const WAIT_MS_MAX = 10_000;
jest.setTimeout(2 * WAIT_MS_MAX);

const orgId = 'org_test';
const id = newId('sec', new Date());

async function create(events: EventStore): Promise<void> {
  const caller = { orgId, actorType: 'api-key', actorId: 'key_test' };
  const at = '2026-11-23T10:00:00.000Z';
  await events.append({
    orgId,
    stream: secretStream(orgId, id),
    events: [{ type: 'SecretCreated', data: { secret: { ...someSecret, id }, sealed: someSealed('key-1') } }],
    expected: 'no stream',
    metadata: eventMetadata({ caller, commandId: newCommandId(new Date()), correlationId: 'test', at, producer: 'test' }), // prettier-ignore
  });
}

describe('SecretsQueryModule', () => {
  it('follows a log that is on a server: a secret that it knows costs no reading of its stream', async () => {
    const { clock, keyring, reads, discard } = await openTestStores();
    const double = await EventStoreDouble.start();
    const server = await openEventStore(double.url);
    let readings = 0;
    const read: EventStore['read'] = (request) => {
      readings += 1;
      return server.read(request);
    };
    const logger = createLogger({ level: 'silent', service: 'test' });
    const parts = { config: readSecretsQueryConfig({}), clock, logger, keyring, reads, events: intercepted(server, { read }) }; // prettier-ignore
    const app = await NestFactory.createApplicationContext(SecretsQueryModule.register(parts), { logger: false }); // prettier-ignore
    await create(server);

    const isFound = async () => (await app.get(FoldedSecrets).find(orgId, id)).secret.id === id;
    const costsNothing = async () => {
      const before = readings;
      return (await isFound()) && readings === before;
    };
    await until(costsNothing, Boolean, WAIT_MS_MAX);

    await app.close();
    await server.close();
    await double.stop();
    await discard();
  });
});
