import { describeNames, settingNames, strangeNames } from './setting-names';

const known = ['HOST', 'PORT', 'KEY_STORE_URL', 'READ_STORE_URL', 'RECOVERY_DAYS'];

describe('strangeNames', () => {
  it.each([
    ['PROT', 'PORT'],
    ['port', 'PORT'],
    ['KEYSTORE_URL', 'KEY_STORE_URL'],
    ['READ_STORES_ULR', 'READ_STORE_URL'],
    ['RECOVERY_DAY', 'RECOVERY_DAYS'],
  ])('finds that %s is a slip of %s', (name, meant) => {
    expect(strangeNames([name], known)).toEqual([{ name, meant }]);
  });

  it.each(['HOME', 'PATH', 'PWD', 'HOSTNAME', 'STORE_URL'])('finds no setting in %s', (name) => {
    expect(strangeNames([name], known)).toEqual([{ name, meant: null }]);
  });

  it('leaves out what is known, and what others read', () => {
    const others = ['NODE_ENV', 'HKLST_PORT', 'COMPOSE_PROJECT_NAME', 'SSL_CERT_FILE', 'TZ'];
    expect(strangeNames([...known, ...others], [...known, 'TLS_CERT_FILE'])).toEqual([]);
  });
});

describe('describeNames', () => {
  it('asks whether another was meant, and repeats nothing that may be a value', () => {
    const names = ['PROT', 'COLOUR', 'MIIEvQIBADANBgkqhkiG9w0BAQ', 'k3y', 'A'.repeat(41)];
    expect(describeNames(strangeNames(names, known))).toBe(
      'PROT (is PORT meant?), COLOUR, a line that begins with no name',
    );
  });
});

describe('settingNames', () => {
  it('reads the names that an example lists', () => {
    expect(settingNames('# The port.\n#PORT=8080\n\n#HOST=\n# PUBLIC_URL=no\n')).toEqual(['PORT', 'HOST']);
  });
});
