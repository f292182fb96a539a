export { IdempotentAnswers } from './idempotent-answers';
