export { whileLeased } from './lease-keeper';
export type { Projection } from './projection';
export { RunningProjection } from './running-projection';
