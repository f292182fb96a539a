import { productFiles, read } from './tracked-files';

/** The files that may open a Redacted, and where the value goes next. */
const mayExpose: Record<string, string> = {
  'libs/crypto/src/api-key.ts': 'an API key into its checksum and its keyed hash',
  'libs/crypto/src/invitation-token.ts': 'an invitation token into its keyed hash',
  'libs/host/src/data-directory.ts': 'a key of the first start into a file of mode 0600',
  'libs/key-store/src/keyring.ts': 'a value into its envelope, or into a keyed hash of a request',
  'libs/key-store/src/root-key-file.ts': 'the text of a root key into the key',
  'libs/process/src/announce.ts': 'the first API key onto the terminal, once',
  'libs/transport/src/wire-format.ts': 'a value into a frame between two services, under mutual TLS',
  'services/access/src/mail/invitation-text.ts': 'the link of an invitation into the mail that brings it',
  'services/access/src/mail/smtp-mailer.ts': 'the password for the mail server into its login there',
  'services/access/src/members/invitation-links.ts': 'an invitation token into its link',
  'services/api-gateway/src/api-keys/api-keys.controller.ts': 'a new API key into the answer that made it',
  'services/api-gateway/src/members/members.controller.ts': 'an invitation link into the answer that made it',
  'services/api-gateway/src/secrets/secrets.controller.ts': 'a value into the answer of a reveal',
  'services/access/src/passwords/password-hasher.ts': 'a password into argon2id',
  'services/access/src/passwords/password-rules.ts': 'a new password into the rules for it',
  'services/access/src/prepare-access.ts':
    'the token of the first link into that link, which is redacted again',
  'services/access/src/second-factors/recovery-code.ts': 'a recovery code into its keyed hash',
  'services/access/src/second-factors/recovery-codes.ts':
    'new recovery codes into one text, which is redacted again',
  'services/access/src/second-factors/totp.ts': 'a code of an authenticator app into its check',
  'services/access/src/sessions/opaque-token.ts': 'the token of a session or a link into its keyed hash',
  'services/access/src/oidc/flows.ts':
    'the cookie of a sign-in at the provider into what must come back from there',
  'services/access/src/oidc/oidc-provider.ts':
    'our secret into the login at the provider, and what came back from there into the same call',
  'services/api-gateway/src/auth/own-cookie.ts': 'the token of a session or of a flow into its cookie',
  'services/api-gateway/src/auth/totp.controller.ts':
    'a new secret or new recovery codes into the answer that shows them once',
  'services/audit-relay/src/kafka/kafka-publisher.ts':
    "the relay's own password into its login at the broker",
};

describe('Redacted', () => {
  const exposing = productFiles().filter((file) => /\.expose\b/.test(read(file)));

  it('is opened in the listed files only, and in each of them', () => {
    expect(exposing.sort()).toEqual(Object.keys(mayExpose).sort());
  });
});
