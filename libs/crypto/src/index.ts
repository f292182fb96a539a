export { apiKeyFrom, digestApiKey, hashApiKey, newApiKey, parseApiKey, verifyApiKey } from './api-key';
export { newDataKeyId, openEnvelope, sealEnvelope, type EnvelopeBinding } from './envelope';
export { hashInvitationToken, invitationToken, parseInvitationToken } from './invitation-token';
export { constantTimeEqual, keyedHash } from './keyed-hash';
export { formatRootKey, isSampleRootKey, parseRootKey, rootKeyFingerprint } from './root-key';
export { newKey, unwrapKey, wrapKey, type KeyBinding } from './wrapped-key';
