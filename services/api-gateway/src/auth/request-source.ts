import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import type { GatewayConfig } from '../config';
import type { GatewayRequest } from '../http/gateway-request';
import { CONFIG } from '../tokens';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Where a browser says that a request comes from; what says nothing is no browser of these years. */
type Source = 'own' | 'navigation' | 'foreign' | 'unknown';

/**
 * Whether a request comes from our own pages (case F3). A browser sends a cookie along with whatever another site makes it
 * ask; but it also says which site that is, and no script can make it say anything else.
 */
@Injectable()
export class RequestSource {
  constructor(@Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'publicOrigin'>) {}

  /** For a request that a cookie speaks for: it must come from our own pages. */
  isOwn(request: GatewayRequest): boolean {
    const source = this.of(request);
    // A person may type the address of something that changes nothing.
    return SAFE_METHODS.has(request.method) ? source !== 'foreign' : source === 'own';
  }

  /** Fails with CROSS_SITE_REQUEST unless it is. */
  demandOwn(request: GatewayRequest): void {
    if (!this.isOwn(request)) throw new AppError('CROSS_SITE_REQUEST');
  }

  /** For what anybody may ask, signing in above all: not in the name of another site, which would choose who signs in. */
  refuseForeign(request: GatewayRequest): void {
    if (!SAFE_METHODS.has(request.method) && this.of(request) === 'foreign')
      throw new AppError('CROSS_SITE_REQUEST');
  }

  private of(request: GatewayRequest): Source {
    const { 'sec-fetch-site': site, origin } = request.headers;
    if (site === 'same-origin') return 'own';
    // Who has an Origin was not typed into an address line.
    if (site === 'none' && origin === undefined) return 'navigation';
    if (site !== undefined) return 'foreign';
    if (origin === undefined) return 'unknown';
    const own = `${request.protocol}://${request.host}`;
    return origin === own || origin === this.config.publicOrigin ? 'own' : 'foreign';
  }
}
