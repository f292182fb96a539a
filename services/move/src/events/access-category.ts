/**
 * Streams of readings and refusals, one a day. They alone are appended to at any revision, and they alone lose
 * their beginning: what has aged out is not copied, and the revisions of the rest move up. Nothing refers to them.
 */
export const ACCESS_CATEGORY = 'access';

export const isAccessStream = (stream: string): boolean => stream.startsWith(`${ACCESS_CATEGORY}-`);
