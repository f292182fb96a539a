/** Gives the object with some of its methods replaced, so that a test can force an order of calls or a failure. */
export function intercepted<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const member = (changes as T)[name as keyof T] ?? target[name as keyof T];
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
