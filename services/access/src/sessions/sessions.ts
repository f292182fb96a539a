import { Injectable } from '@nestjs/common';
import type { Redacted } from '#libs/kernel';

/** A session that holds: whose it is, and when its person last proved who they are (ISO 8601). */
export interface KnownSession {
  readonly userId: string;
  readonly sessionId: string;
  readonly authenticatedAt: string;
}

/** Sessions by their token. Nobody can sign in yet, so there are none. */
@Injectable()
export class Sessions {
  /** Null for a token that is nobody's, or nobody's any more. */
  async find(_token: Redacted<string>): Promise<KnownSession | null> {
    return null;
  }
}
