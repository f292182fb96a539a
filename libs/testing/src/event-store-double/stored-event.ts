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
  /** Both the commit and the prepare position, which are equal for every event that is appended over gRPC. */
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
}
