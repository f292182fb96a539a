import type { Refusal } from './server';

/** Checks that a start failed with code 1, and printed one readable line that matches `about` and nothing else. */
export function expectRefusedStart({ code, output }: Refusal, about: string | RegExp): void {
  expect(output).toMatch(/^[^\n{}]+\n$/);
  expect(output).toMatch(about);
  expect(output).not.toMatch(/ {4}at |node_modules|\.js\b/);
  expect(code).toBe(1);
}
