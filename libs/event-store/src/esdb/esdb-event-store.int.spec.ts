import { EventStoreDouble } from '#libs/testing';
import { eventStoreContract, type OpenedEventStore } from '../event-store.contract';
import { openEsdbEventStore } from './esdb-event-store';

const opened = (url: string, stop: () => Promise<void>): OpenedEventStore => {
  let store = openEsdbEventStore(url);
  return {
    store,
    reopen: async () => {
      await store.close();
      return (store = openEsdbEventStore(url));
    },
    close: async () => {
      await store.close();
      await stop();
    },
  };
};

eventStoreContract('openEsdbEventStore on the double', async () => {
  const double = await EventStoreDouble.start();
  return opened(double.url, () => double.stop());
});
