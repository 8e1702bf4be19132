import { describe, expect, it } from 'vitest';
import { deriveSources, parseDeb822Sources, parseOneLineSources } from '../../../src/lab/debian-archive.ts';

const deb822 = `# what the installer wrote
Types: deb deb-src
URIs: http://archive.invalid/debian
Suites: bookworm bookworm-updates
# a comment inside
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://archive.invalid/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://disabled.invalid/debian
Suites: bookworm
Components: main
`;

describe('parseDeb822Sources', () => {
  it('reads every enabled entry', () => {
    expect(parseDeb822Sources(deb822).map(({ uris, suites }) => [...uris, ...suites])).toEqual([
      ['http://archive.invalid/debian', 'bookworm', 'bookworm-updates'],
      ['http://archive.invalid/debian-security', 'bookworm-security'],
    ]);
  });

  it('keeps a key that stands in the file itself', () => {
    const text = 'Types: deb\nURIs: http://a.invalid/\nSuites: bookworm\nSigned-By:\n -----BEGIN\n .\n abc\n';
    expect(parseDeb822Sources(text)[0]?.fields.get('signed-by')).toBe('\n -----BEGIN\n .\n abc');
  });
});

describe('parseOneLineSources', () => {
  it('reads lines with and without options', () => {
    const text = `# deb http://commented.invalid/ bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://archive.invalid/debian bookworm main contrib # remark
deb-src http://archive.invalid/debian bookworm main
`;
    const [binary, source] = parseOneLineSources(text);
    expect(binary).toMatchObject({ types: ['deb'], uris: ['http://archive.invalid/debian'], suites: ['bookworm'] });
    expect(binary?.fields.get('signed-by')).toBe('/usr/share/keyrings/k.gpg');
    expect(source?.types).toEqual(['deb-src']);
  });
});

describe('deriveSources', () => {
  it('asks the same archive for other suites, sources included', () => {
    expect(deriveSources(parseDeb822Sources(deb822), 'bookworm', ['bookworm', 'bullseye'])).toBe(
      ['bookworm', 'bullseye']
        .map(
          (suite) => `Types: deb deb-src
URIs: http://archive.invalid/debian
Suites: ${suite}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`,
        )
        .join('\n'),
    );
  });

  it('says nothing where no entry names the suite of the machine', () => {
    expect(deriveSources(parseDeb822Sources(deb822), 'trixie', ['bookworm'])).toBeUndefined();
  });
});
