export type { KeyPurpose, KeyStore, RootKeyState, WrappedKey } from './key-store';
export { Keyring, type InstanceKeyName, type Sealed } from './keyring';
export { openKeyStore } from './open-key-store';
export { loadRootKey, readRootKey } from './root-key-file';
