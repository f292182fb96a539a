import { isAppError } from './app-error';
import { engineFor } from './engine-for';

const engines = new Map([
  ['sqlite', 'files'],
  ['mongodb', 'server'],
  ['mongodb+srv', 'servers'],
]);
const find = (url: string) => engineFor('READ_STORE_URL', url, engines);
const refusal = (url: string) => {
  try {
    return find(url);
  } catch (error) {
    return isAppError(error, 'CONFIG_INVALID') ? error.safeMessage : error;
  }
};

describe('engineFor', () => {
  it('finds the engine by the scheme, and gives it a file or the whole URL', () => {
    expect(find('sqlite:/var/lib/a:b.db')).toEqual({ engine: 'files', place: '/var/lib/a:b.db' });
    expect(find('mongodb://host/db')).toEqual({ engine: 'server', place: 'mongodb://host/db' });
    expect(find('mongodb+srv://host')).toEqual({ engine: 'servers', place: 'mongodb+srv://host' });
  });

  it.each([
    '',
    'sqlite',
    'mongodb',
    'constructor:x',
    'sqlite+srv:/x',
    'redis://u:hunter2@h',
    '/var/lib/x.db',
  ])('refuses %j, and says which there are', (url) => {
    expect(refusal(url)).toBe(
      'Cannot start: READ_STORE_URL must begin with sqlite: or mongodb: or mongodb+srv:.',
    );
  });

  it.each(['sqlite:', 'sqlite:read.db'])('refuses %j: a file is named by an absolute path', (url) => {
    expect(refusal(url)).toBe(
      'Cannot start: READ_STORE_URL must name a file by an absolute path after sqlite:.',
    );
  });
});
