import type { Refusal } from './server';

/** The start failed with code 1 and with one line for people about `about`; nothing else was printed. */
export function expectRefusedStart({ code, output }: Refusal, about: string | RegExp): void {
  expect(output).toMatch(/^[^\n{}]+\n$/);
  expect(output).toMatch(about);
  expect(output).not.toMatch(/ {4}at |node_modules|\.js\b/);
  expect(code).toBe(1);
}
