import { SetMetadata } from '@nestjs/common';
import type { Scope } from '#libs/contracts';

/** What a route asks of its caller. A route that declares nothing is refused, and fails a house test. */
export type Requirement = 'public' | Scope;

const REQUIREMENT = 'hklst:requirement';

/** The caller must hold this scope. */
export const Requires = (scope: Scope) => SetMetadata(REQUIREMENT, scope);

/** Anybody may call; say so on purpose. */
export const Public = () => SetMetadata(REQUIREMENT, 'public');

export function requirementOf(handler: object): Requirement | undefined {
  return Reflect.getMetadata(REQUIREMENT, handler) as Requirement | undefined;
}
