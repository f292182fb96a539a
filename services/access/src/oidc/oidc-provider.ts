import { createRequire } from 'node:module';
import { AppError, isLoopback, withDeadline, type Clock, type Redacted } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import type * as openid from 'openid-client' with { 'resolution-mode': 'import' };
import { boundedFetch } from './bounded-fetch';
import type { Flow } from './flows';
import type { OidcSettings } from './oidc-settings';
import { providerError } from './provider-error';

// The library is loaded at the first sign-in, so that an installation without a provider never loads it.
const load = createRequire(__filename);

const CALL_SECONDS_MAX = 3;
/** The limit for all calls of one sign-in together. It is below the time that the gateway waits for this service. */
const TOGETHER_MS_MAX = 4_000;
const CONFIGURATION_MS_MAX = 3_600_000;
const CLOCK_TOLERANCE_S = 5;
/** Sign-ins that may wait for the provider at the same time, because it may be slow. */
const AT_ONCE_MAX = 50;

/** The parameters with which the provider sent the browser back. */
export interface ProviderAnswer {
  readonly code: Redacted<string>;
  readonly state: Redacted<string>;
  readonly issuer: string | null;
}

/** A person's identity at the provider. No two people have the same issuer and subject. */
export interface ProvenIdentity {
  readonly issuer: string;
  readonly subject: string;
  /**
   * When the person signed in there, ISO 8601. It is 1970 when the provider does not say, so that every action that
   * needs a recent sign-in asks for one.
   */
  readonly authenticatedAt: string;
  /** Gives the person's profile. It is asked for only when it is needed. */
  readonly profile: () => Promise<Profile>;
}

export interface Profile {
  /** Null when the provider gives no address, or has not verified it. */
  readonly verifiedEmail: string | null;
  readonly name: string | null;
}

interface ProviderParts {
  readonly settings: OidcSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The company's OpenID Connect provider, used with authorization code and PKCE. Issuer, audience and algorithm must
 * match the settings. Signatures are checked although the token comes directly from the provider. Every call has a time
 * limit, and the provider's metadata is read once an hour. Fails with PROVIDER_UNAVAILABLE for every fault of the
 * provider.
 */
export class OidcProvider {
  #known: { readonly at: number; readonly configuration: Promise<openid.Configuration> } | undefined;
  #running = 0;

  constructor(private readonly parts: ProviderParts) {}

  /**
   * Gives the URL for the browser. To renew a session, the person must sign in there again, however recently they did.
   */
  async authorizationUrl({ state, nonce, verifier, renewal }: Flow): Promise<string> {
    const { buildAuthorizationUrl, calculatePKCECodeChallenge } = library();
    const challenge = await calculatePKCECodeChallenge(verifier);
    const configuration = await this.#limited(() => this.#configuration());
    return buildAuthorizationUrl(configuration, {
      redirect_uri: this.parts.settings.redirectUri,
      scope: 'openid email profile',
      ...{ state, nonce, code_challenge: challenge, code_challenge_method: 'S256' },
      ...(renewal && { max_age: '0' }),
    }).href;
  }

  /** Identifies the person. Fails with AUTHENTICATION_REQUIRED for any fault of the proof. */
  async identify(flow: Flow, answer: ProviderAnswer): Promise<ProvenIdentity> {
    const endsAt = this.parts.clock.monotonicMs() + TOGETHER_MS_MAX;
    return this.#limited(async () => {
      const configuration = await this.#configuration();
      const elapsed = Math.ceil((this.parts.clock.now().getTime() - flow.begunAt) / 1_000);
      const tokens = await library().authorizationCodeGrant(configuration, this.#returned(answer), {
        pkceCodeVerifier: flow.verifier,
        expectedState: flow.state,
        expectedNonce: flow.nonce,
        idTokenExpected: true,
        // The person must have signed in since the flow began. With `max_age=0` here, every answer would come too late.
        ...(flow.renewal && { maxAge: elapsed }),
      });
      const claims = tokens.claims();
      if (!claims) throw new AppError('AUTHENTICATION_REQUIRED');
      const { iss: issuer, sub: subject, auth_time: provedAt } = claims;
      const ask = () =>
        this.#limited(
          () => library().fetchUserInfo(configuration, tokens.access_token, subject),
          endsAt - this.parts.clock.monotonicMs(),
        );
      // Most providers put the address into the token. Others need one more call.
      const profile = async () => profileOf(claims['email'] === undefined ? await ask() : claims);
      return { issuer, subject, authenticatedAt: this.#lately(provedAt), profile };
    });
  }

  /**
   * Cuts a time in the future to now, so that a provider's fast clock does not make a sign-in count as recent for
   * longer.
   */
  #lately(seconds: unknown): string {
    const at = typeof seconds === 'number' ? seconds * 1_000 : 0;
    return new Date(Math.max(0, Math.min(at, this.parts.clock.now().getTime()))).toISOString();
  }

  /** Gives the URL to which the browser came back. */
  #returned({ code, state, issuer }: ProviderAnswer): URL {
    const url = new URL(this.parts.settings.redirectUri);
    url.searchParams.set('code', code.expose());
    url.searchParams.set('state', state.expose());
    if (issuer !== null) url.searchParams.set('iss', issuer);
    return url;
  }

  /** Reads the provider's metadata. Callers share one reading, and a failed one is not remembered. */
  #configuration(): Promise<openid.Configuration> {
    const now = this.parts.clock.monotonicMs();
    if (this.#known && now - this.#known.at < CONFIGURATION_MS_MAX) return this.#known.configuration;
    const configuration = this.#discover();
    const known = { at: now, configuration };
    this.#known = known;
    configuration.catch(() => {
      if (this.#known === known) this.#known = undefined;
    });
    return configuration;
  }

  async #discover(): Promise<openid.Configuration> {
    const { issuer, clientId, clientSecret, signingAlgorithm } = this.parts.settings;
    const openidClient = library();
    const metadata: Partial<openid.ClientMetadata> = {
      [openidClient.clockTolerance]: CLOCK_TOLERANCE_S,
      id_token_signed_response_alg: signingAlgorithm,
    };
    const isPlain = issuer.protocol === 'http:' && isLoopback(issuer.hostname);
    const options: openid.DiscoveryRequestOptions = {
      timeout: CALL_SECONDS_MAX,
      [openidClient.customFetch]: boundedFetch,
      execute: [
        openidClient.enableNonRepudiationChecks,
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so that it stands out; a provider on the loopback
        ...(isPlain ? [openidClient.allowInsecureRequests] : []),
      ],
    };
    return openidClient.discovery(
      issuer,
      clientId,
      metadata,
      authenticationOf(clientSecret.expose()),
      options,
    );
  }

  /**
   * Runs `work` for at most `msMax`. Fails with PROVIDER_UNAVAILABLE after that, or when too many sign-ins are under
   * way.
   */
  async #limited<T>(work: () => Promise<T>, msMax = TOGETHER_MS_MAX): Promise<T> {
    if (this.#running >= AT_ONCE_MAX) throw new AppError('PROVIDER_UNAVAILABLE');
    this.#running += 1;
    const working = work().finally(() => (this.#running -= 1));
    return withDeadline(working, msMax, 'PROVIDER_UNAVAILABLE').catch((thrown: unknown) => {
      const error = providerError(thrown);
      const reason = error.code === 'PROVIDER_UNAVAILABLE' ? 'provider unavailable' : 'proof refused';
      const { error_code: cause, error_name } = errorFields(error.cause ?? error);
      this.parts.logger.warn('sign-in at the provider failed', { reason, error_code: cause, error_name });
      throw error;
    });
  }
}

/** Reads the profile. An address counts as verified only if `email_verified` is the boolean true. */
function profileOf(said: Readonly<Record<string, unknown>>): Profile {
  const { email, email_verified: isVerified, name } = said;
  return {
    verifiedEmail: typeof email === 'string' && isVerified === true ? email : null,
    name: typeof name === 'string' ? name : null,
  };
}

function library(): typeof openid {
  return load('openid-client') as typeof openid;
}

/** Authenticates as the provider's metadata says; by HTTP Basic when it says nothing (OpenID Connect Discovery 1.0). */
function authenticationOf(secret: string): openid.ClientAuth {
  const { ClientSecretBasic, ClientSecretPost } = library();
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  return (server, ...rest) => {
    const supported = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return (supported.includes('client_secret_basic') ? basic : post)(server, ...rest);
  };
}
