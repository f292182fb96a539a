import type { Document } from '#libs/read-store';

/**
 * Gives the record with every log position in it replaced by `position`. A log position is a member called `position`,
 * at any depth, that holds digits; recorded answers have one. It means nothing in the copied log: a list could wait for
 * it in vain (ADR 16).
 */
export function withPosition(record: Document, position: string): Document {
  return replaced(record, position) as Document;
}

function replaced(value: unknown, position: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((member) => replaced(member, position));
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
    const isPosition = name === 'position' && typeof member === 'string' && /^\d+$/.test(member);
    return [name, isPosition ? position : replaced(member, position)] as const;
  });
  return Object.fromEntries(members);
}
