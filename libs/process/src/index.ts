export { announceFirstStart, announceReady, announceRefusal } from './announce';
export { endOnSignal } from './end-on-signal';
export { address, peerSettings, processSettings, readIdentity } from './process-settings';
