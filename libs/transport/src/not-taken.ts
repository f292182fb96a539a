/**
 * Why a call failed, when it is certain that no handler has seen it, nor ever will: nobody could be reached, or the
 * other side has refused it unread. It is safe to send such a call elsewhere, a command too.
 */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';

  constructor(cause?: unknown) {
    super('Not taken', { cause });
  }
}
