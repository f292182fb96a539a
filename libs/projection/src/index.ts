export { LEASE_MS, whileLeased } from './lease-keeper';
export type { Projection } from './projection';
export {
  RunningProjection,
  type ProjectionLogger,
  type ProjectionParts,
  type ProjectionStatus,
} from './running-projection';
