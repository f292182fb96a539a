export { given } from './given';
export { created, deleted, someSealed, someSecret } from './secret-builders';
