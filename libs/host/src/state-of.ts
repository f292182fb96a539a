import type { EventStore } from '#libs/event-store';
import type { Keyring } from '#libs/key-store';
import type { ReadStore } from '#libs/read-store';

interface Stores {
  readonly events: EventStore;
  readonly reads: ReadStore;
  readonly keyring: Keyring;
}

interface Projection<S> {
  status(): { readonly name: string; readonly state: S; readonly parked: number };
}

/** Gives the answer of a service about its state: whether each store answers, and the state of each projection. */
export async function stateOf<S>({ events, reads, keyring }: Stores, projections: readonly Projection<S>[]) {
  const stores = { 'event-store': events, 'read-store': reads, 'key-store': keyring };
  const states = Object.entries(stores).map(async ([name, store]) => {
    const state = await store.ping().then(
      () => 'ok' as const,
      () => 'away' as const,
    );
    return [name, state] as const;
  });
  return {
    parts: Object.fromEntries(await Promise.all(states)),
    projections: projections.map((projection) => {
      const { name, state, parked } = projection.status();
      return { name, state, parked };
    }),
  };
}
