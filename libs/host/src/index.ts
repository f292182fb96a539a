export { prepareDataDirectory, readPrivateFile, removePrivateFile, writePrivateFile } from './data-directory';
export { openKeylessStores, openStores, type Stores } from './open-stores';
export { PeriodicPurge } from './periodic-purge';
export { runService } from './run-service';
export { readHostConfig, readServiceConfig } from './service-settings';
export { stateOf } from './state-of';
export {
  AUDIT_RELAY_CHECKPOINT,
  storeOwners,
  storeSettings,
  toStoresConfig,
  type StoreOwner,
  type StoresConfig,
} from './store-settings';
