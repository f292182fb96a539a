import type { Answer } from './api';
import { anyText } from './matching';

interface ErrorBody {
  readonly error: string;
  readonly code: string;
  readonly details?: readonly { field: string; message: string }[];
  readonly request_id: string;
}

/** Checks the status, the code, and the format that all error answers have. */
export function expectRefusal(answer: Answer<unknown>, status: number, code: string): ErrorBody {
  const body = answer.body as ErrorBody;
  expect({ status: answer.status, code: body.code }).toEqual({ status, code });
  expect(Object.keys(body).filter((key) => key !== 'details')).toEqual(['error', 'code', 'request_id']);
  expect(body.error).toMatch(/^[A-Z].*\S$/);
  expect(body.error).not.toMatch(/\n|node_modules|\.(js|ts):\d/);
  expect(body.request_id).toBe(answer.headers.get('x-request-id'));
  if (body.details) {
    expect(status).toBe(422);
    const detail = { field: anyText(), message: anyText() };
    for (const given of body.details) expect(given).toEqual(detail);
  }
  if (status === 503 || status === 429) expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  return body;
}
