export type { KeyPurpose, KeyStore, RootKeyState, WrappedKey } from './key-store';
export { Keyring, type DataKey, type Sealed } from './keyring';
export { ORGANIZATION_KEY_TTL_MS } from './organization-keys';
export { openKeyStore } from './open-key-store';
export { loadRootKey, readPreviousRootKey, readRootKey } from './root-key-file';
