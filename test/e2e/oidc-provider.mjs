// Runs the OpenID Connect provider of npm's `oidc-provider`. The parent process can tell it to give false answers.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [port, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const SLOW_MS = 20_000;
const LONG_BYTES = 1_000_000;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const another = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'only', use: 'sig', alg: 'RS256' };

/** The fault that the parent process has chosen last. `lies` are those that change the identity token. */
let lie = 'none';
const asJwt = (header, claims, signed) => {
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${signed(text)}`;
};
const rs256 = (key) => (text) => sign('sha256', Buffer.from(text), key).toString('base64url');
const header = { alg: 'RS256', typ: 'JWT', kid: 'only' };
const changed = (change) => (claims) => asJwt(header, { ...claims, ...change(claims) }, rs256(privateKey));
const hmac = (text) => createHmac('sha256', clientSecret).update(text).digest('base64url');
const lies = {
  'wrong nonce': changed(() => ({ nonce: 'another' })),
  'no nonce': changed(() => ({ nonce: undefined })),
  'wrong audience': changed(() => ({ aud: 'another-client' })),
  'wrong issuer': changed(() => ({ iss: 'https://login.example.net' })),
  'expired token': changed(({ iat }) => ({ iat: iat - 7_200, exp: iat - 3_600 })),
  'old proof': changed(({ iat }) => ({ auth_time: iat - 3_600 })),
  'no time of proof': changed(() => ({ auth_time: undefined })),
  'address in the token': changed(() => ({ email: 'told@corp.example', email_verified: true })),
  'confirmed in words': changed(() => ({ email: 'words@corp.example', email_verified: 'true' })),
  'no signature': (claims) => asJwt({ alg: 'none' }, claims, () => ''),
  'shared secret as key': (claims) => asJwt({ alg: 'HS256' }, claims, hmac),
  "another's key": (claims) => asJwt(header, claims, rs256(another)),
};

const told = ({ id_token: token }) =>
  lies[lie](JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()));

/** Changes to the published configuration of the provider, by fault. */
const published = {
  'published for another': { issuer: 'https://login.example.net' },
  long: { more: 'x'.repeat(LONG_BYTES) },
};

/** A login is an email address. Text after a `#` makes another subject with the same address. */
const accountOf = (login) => {
  const [email] = login.split('#');
  const claims = {
    sub: login,
    email,
    email_verified: !email.startsWith('unverified'),
    name: 'Grace\n Hopper',
  };
  return { accountId: login, claims: () => claims };
};

const provider = new Provider(issuer, {
  jwks: { keys: [jwk] },
  cookies: { keys: ['only for this test'] },
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      require_auth_time: true,
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (_, login) => accountOf(login),
  // Grants consent without asking, as companies do for their own applications.
  async loadExistingGrant({ oidc: { client, session } }) {
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

provider.use(async (context, next) => {
  if (lie === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS).unref());
  if (lie === 'failing') {
    context.status = 500;
    return;
  }
  await next();
  if (context.path.startsWith('/.well-known/')) Object.assign(context.body, published[lie]);
  if (context.path === '/token' && context.body?.id_token && lie in lies)
    context.body.id_token = told(context.body);
});

process.on('message', (wanted) => {
  lie = wanted;
  process.send('done');
});
process.on('disconnect', () => process.exit());
createServer(provider.callback()).listen(Number(port), '127.0.0.1', () => process.send('ready'));
