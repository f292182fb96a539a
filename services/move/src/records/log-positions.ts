import type { Document } from '#libs/read-store';

/**
 * Positions belong to the log they were given out by; in another they are anywhere, or nowhere, and a list would
 * wait for them in vain. In a record a member called `position` is one, at any depth: an answer that is kept
 * says where its write stands. Gives the record with `position` in their place.
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
