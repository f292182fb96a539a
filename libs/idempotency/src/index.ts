export { IdempotentAnswers, type Turn } from './idempotent-answers';
