import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import type { GatewayConfig } from '../config';
import type { GatewayRequest } from '../http/gateway-request';
import { CONFIG } from '../tokens';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Where a request comes from, as the browser says. A client that does not say it is no current browser. */
type Source = 'own' | 'navigation' | 'foreign' | 'unknown';

/**
 * Tells whether a request comes from our own pages (case F3). A browser sends a cookie even with a request that another
 * site makes it send. But the browser also says which site that is, and no script can change what it says.
 */
@Injectable()
export class RequestSource {
  constructor(@Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'publicOrigin'>) {}

  /** For a request with a cookie, which must come from our own pages. */
  isOwn(request: GatewayRequest): boolean {
    const source = this.#of(request);
    // A person may type an address into the browser, if the request changes nothing.
    return SAFE_METHODS.has(request.method) ? source !== 'foreign' : source === 'own';
  }

  /** Fails with CROSS_SITE_REQUEST unless `isOwn` holds. */
  demandOwn(request: GatewayRequest): void {
    if (!this.isOwn(request)) throw new AppError('CROSS_SITE_REQUEST');
  }

  /**
   * For a public route, such as signing in. Another site must not call it through a browser, because that site would
   * choose who is signed in there. Fails with CROSS_SITE_REQUEST.
   */
  refuseForeign(request: GatewayRequest): void {
    if (!SAFE_METHODS.has(request.method) && this.#of(request) === 'foreign')
      throw new AppError('CROSS_SITE_REQUEST');
  }

  #of(request: GatewayRequest): Source {
    const { 'sec-fetch-site': site, origin } = request.headers;
    if (site === 'same-origin') return 'own';
    // A request with an Origin was not typed into the address bar.
    if (site === 'none' && origin === undefined) return 'navigation';
    if (site !== undefined) return 'foreign';
    if (origin === undefined) return 'unknown';
    const own = `${request.protocol}://${request.host}`;
    return origin === own || origin === this.config.publicOrigin ? 'own' : 'foreign';
  }
}
