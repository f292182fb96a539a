export { IdempotentAnswers, type IdempotentCommand, type Turn } from './idempotent-answers';
