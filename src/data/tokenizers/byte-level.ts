import type { ByteString } from '../byte-pairs.ts';

/*
 * Byte-level vocabularies write each byte as one printable character (openai/gpt-2, src/encoder.py, bytes_to_unicode): printable
 * Latin-1 as itself, the others as U+0100, U+0101, … in their order.
 */

const CHARACTERS: readonly string[] = makeCharacters();
const BYTES = new Map(CHARACTERS.map((character, byte) => [character, byte]));

/** Bytes (as code units 0…255) to the characters that stand for them. */
export function byteLevelText(bytes: ByteString): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += CHARACTERS[bytes.charCodeAt(i)];
  return text;
}

/** The inverse; undefined when a character stands for no byte. */
export function byteLevelBytes(text: string): ByteString | undefined {
  let bytes = '';
  for (const character of text) {
    const byte = BYTES.get(character);
    if (byte === undefined) return undefined;
    bytes += String.fromCharCode(byte);
  }
  return bytes;
}

function makeCharacters(): string[] {
  const isPrintable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
