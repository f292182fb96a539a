export { announceFirstStart, announceReady, announceRefusal, announceSignUp } from './announce';
export { endOnSignal } from './end-on-signal';
export { address, peerSettings, processSettings, readIdentity } from './process-settings';
