import type { RecordedEvent } from '#libs/event-store';
import { eventVersions, type EventType } from '#libs/events';
import type { AuditMessage } from './audit-publisher';
import { auditTypes, type AuditFields } from './audit-types';

/**
 * Gives the message for a recorded event; null when the event is not published. Throws for a type or schema version
 * that this relay does not know.
 */
export function toAuditMessage(event: RecordedEvent): AuditMessage | null {
  const audit = auditTypes[knownType(event)];
  if (audit === null) return null;
  const { orgId, actorType, actorId, $correlationId: requestId, occurredAt: time } = event.metadata;
  // `auditTypes` ties each type to its data, and the golden files test this cast.
  const fields = (audit.fields as (data: unknown) => AuditFields)(event.data);
  return {
    key: fields.secret_id === undefined ? orgId : `${orgId}/${fields.secret_id}`,
    headers: {
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_type: audit.type,
      ce_source: `/organizations/${orgId}`,
      ce_subject: subjectOf(fields, orgId),
      ce_time: time,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      time,
      organization_id: orgId,
      actor_type: actorType,
      actor_id: actorId,
      request_id: requestId,
      ...fields,
    }),
  };
}

function knownType({ type, metadata }: RecordedEvent): EventType {
  if (Object.hasOwn(eventVersions, type)) {
    const known = type as EventType;
    if (Number(metadata.schemaVersion) <= eventVersions[known]) return known;
  }
  throw new Error('This event is newer than the relay');
}

function subjectOf({ secret_id: secretId, key_id: keyId }: AuditFields, orgId: string): string {
  if (secretId !== undefined) return `secrets/${secretId}`;
  return keyId === undefined ? `organizations/${orgId}` : `api-keys/${keyId}`;
}
