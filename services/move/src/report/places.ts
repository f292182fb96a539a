import type { Side } from '../config';

/** Where the stores of a side are: what a slip in its settings would leave unsaid. Never how to log in there. */
export function placesOf({ name, stores }: Side): string {
  return `${name}
  event store  ${placeOf(stores.eventStoreUrl)}
  key store    ${placeOf(stores.keyStoreUrl)}
  read stores  ${placeOf(stores.readStoreUrl('access'))} and so on
`;
}

/** Scheme, user and password, hosts and path, options; anything else may be a password where nobody expects it. */
const SERVER = /^([a-z+]+:\/\/)(?:[^@/?]*@)?([^@/?]+(?:\/[^@?]*)?)(?:\?[^@]*)?$/;

function placeOf(url: string): string {
  if (url.startsWith('sqlite:')) return url.slice('sqlite:'.length);
  const [, scheme = '', place = 'a server'] = SERVER.exec(url) ?? [];
  return scheme + place;
}
