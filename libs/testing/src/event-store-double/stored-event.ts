export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface StoredEvent extends ProposedEvent {
  readonly stream: string;
  readonly revision: number;
  /** Commit and prepare position at once: they are equal for everything that arrives over gRPC. */
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
}
