export { prepareDataDirectory, removePrivateFile, writePrivateFile } from './data-directory';
export { openStores, type Stores } from './open-stores';
export { runService, type ServiceHost, type ServiceParts } from './run-service';
export { storeSettings, toStoresConfig, type StoresConfig } from './store-settings';
