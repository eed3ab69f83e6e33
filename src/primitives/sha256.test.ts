import { describe, expect, test } from 'vitest';
import { utf8 } from './bytes.ts';
import { sha256, taggedHash } from './hash.ts';
import { portableSha256, portableTaggedHash } from './sha256.ts';

describe('portable SHA-256', () => {
  test("has node's digest for every length around the block borders", () => {
    const bytes = Uint8Array.from({ length: 260 }, (_, i) => (i * 151 + 7) & 0xff);
    for (let length = 0; length <= bytes.length; length++) {
      expect(portableSha256(bytes.subarray(0, length)), `${length} bytes`).toEqual(sha256(bytes.subarray(0, length)));
    }
  });

  test('hashes the concatenation of its parts', () => {
    expect(portableSha256(utf8('a'), utf8(''), utf8('bc'))).toEqual(sha256(utf8('abc')));
    expect(sha256(utf8('a'), utf8(''), utf8('bc'))).toEqual(sha256(utf8('abc')));
  });

  test('tags a domain as the other one does', () => {
    expect(portableTaggedHash('pol/init/1', utf8('seed'), utf8('name'))).toEqual(taggedHash('pol/init/1', utf8('seed'), utf8('name')));
  });
});
