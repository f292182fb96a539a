import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Action } from '#libs/contracts';

export interface DocumentedRoute {
  readonly method: string;
  /** `/api/v1/secrets/:id`. */
  readonly path: string;
  readonly action: Action | 'public';
}

/** The routes as docs/roles.md prints them; a house test holds that page against the code. */
export function documentedRoutes(): DocumentedRoute[] {
  const page = readFileSync(path.join(__dirname, '../../docs/roles.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z]+) (\/\S*)` +\| `([a-z-]+)` +\|$/gm)];
  return rows.map(([, method = '', route = '', action = '']) => ({
    method,
    path: route,
    action: action as Action,
  }));
}
