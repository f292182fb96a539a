import type { SubscribeRequest } from './event-store';

/** Tells whether a subscription asks for this event. */
export function isWanted(
  { categories, types }: Pick<SubscribeRequest, 'categories' | 'types'>,
  event: { readonly stream: string; readonly type: string },
): boolean {
  if (types.length > 0 && !types.includes(event.type)) return false;
  if (categories.length === 0) return !event.stream.startsWith('$');
  return categories.some((category) => event.stream.startsWith(`${category}-`));
}
