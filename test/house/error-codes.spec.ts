import { errorRegistry } from '#libs/kernel';
import { httpStatusOf } from '../../services/api-gateway/src/http/http-status';
import { read } from './tracked-files';

const rows = [...read('docs/errors.md').matchAll(/^\| `(\w+)` +\| ([\w ]+?) +\| ([\w-]+) /gm)];

describe('errorRegistry', () => {
  it('is listed in docs/errors.md, code by code', () => {
    expect(rows.map(([, code]) => code).sort()).toEqual(Object.keys(errorRegistry).sort());
  });

  it.each(Object.entries(errorRegistry))('stands there with the kind and status of %s', (code, { kind }) => {
    const status = kind === 'startup' ? 'ends the start' : String(httpStatusOf[kind]);
    expect(rows.find((row) => row[1] === code)?.slice(2)).toEqual([status, kind]);
  });

  it('answers with the statuses of the contract only', () => {
    const allowed = [400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422, 429, 500, 503];
    expect(Object.values(httpStatusOf).filter((status) => !allowed.includes(status))).toEqual([]);
  });
});
