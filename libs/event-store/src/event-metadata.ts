import type { EventMetadata } from './event-store';

interface Origin {
  readonly caller: { readonly orgId: string; readonly actorType: string; readonly actorId: string };
  readonly commandId: string;
  readonly correlationId: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly producer: string;
}

/** Gives the metadata that all events of one command have. */
export function eventMetadata({ caller, commandId, correlationId, at, producer }: Origin): EventMetadata {
  return {
    orgId: caller.orgId,
    actorType: caller.actorType,
    actorId: caller.actorId,
    commandId,
    $correlationId: correlationId,
    $causationId: commandId,
    schemaVersion: '1',
    occurredAt: at,
    producer,
  };
}
