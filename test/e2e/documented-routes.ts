import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Action } from '#libs/contracts';

export interface DocumentedRoute {
  readonly method: string;
  /** Such as `/api/v1/secrets/:id`. */
  readonly path: string;
  readonly action: Action | 'public';
}

/** Reads the routes from docs/roles.md. A house test compares that page with the code. */
export function documentedRoutes(): DocumentedRoute[] {
  const page = readFileSync(path.join(__dirname, '../../docs/roles.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z]+) (\/\S*)` +\| `([a-z-]+)` +\|$/gm)];
  return rows.map(([, method = '', route = '', action = '']) => ({
    method,
    path: route,
    action: action as Action,
  }));
}
