/** Jest's matchers with the type of the text that they match, so that expected objects stay typed. */
export const matching = (pattern: RegExp): string => expect.stringMatching(pattern) as string;

export const anyText = (): string => expect.any(String) as string;

export const anyTime = (): string => matching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/);
