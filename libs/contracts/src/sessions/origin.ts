import * as v from 'valibot';

/** Where a request came from: for the person's own list of sessions, and for records that age out. */
export const originFields = { address: v.string(), userAgent: v.nullable(v.string()) };
