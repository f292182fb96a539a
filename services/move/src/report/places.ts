import type { Side } from '../config';

/** Tells where the stores of a side are, so that the user notices a wrong setting. Leaves out credentials. */
export function placesOf({ name, stores }: Side): string {
  return `${name}
  event store  ${placeOf(stores.eventStoreUrl)}
  key store    ${placeOf(stores.keyStoreUrl)}
  read stores  ${placeOf(stores.readStoreUrl('access'))} and so on
`;
}

/** Captures the scheme, and hosts and path. A URL of another form is not shown, because any part may be a password. */
const SERVER = /^([a-z+]+:\/\/)(?:[^@/?]*@)?([^@/?]+(?:\/[^@?]*)?)(?:\?[^@]*)?$/;

function placeOf(url: string): string {
  if (url.startsWith('sqlite:')) return url.slice('sqlite:'.length);
  const [, scheme = '', place = 'a server'] = SERVER.exec(url) ?? [];
  return scheme + place;
}
