import * as v from 'valibot';

/** The client of a request, for the person's own list of sessions and for the `access-` streams. */
export const originFields = { address: v.string(), userAgent: v.nullable(v.string()) };
