/**
 * The reason of a failed call that no handler has seen or will ever see. Nobody could be reached, or the other side
 * refused it unread. Such a call, even a command, may be sent elsewhere.
 */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';

  constructor(cause?: unknown) {
    super('Not taken', { cause });
  }
}
