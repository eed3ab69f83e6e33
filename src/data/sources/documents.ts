import { createHash } from 'node:crypto';
import { utf8 } from '../../primitives/bytes.ts';
import { type Hash, taggedHash } from '../../primitives/hash.ts';
import { readBytes, readText, type SourceFile } from '../source.ts';
import { jsonlTexts, parquetTexts } from './records.ts';

/** One document: its text in pieces, and a name of its content. */
export interface TextDocument {
  readonly pieces: AsyncIterable<string> | Iterable<string>;
  /** Of the text. */
  contentHash(): Promise<Hash>;
  /** Of its file, read when the document is; documents before it count too. */
  readonly bytes: number;
}

/** The documents of a file, in order. @throws DATA_NOT_TEXT, DATA_RECORD_INVALID */
export async function* documentsOf(file: SourceFile): AsyncGenerator<TextDocument> {
  if (file.format === 'text') {
    yield { pieces: readText(file), contentHash: () => fileHash(file), bytes: file.bytes };
    return;
  }
  for await (const text of file.format === 'jsonl' ? jsonlTexts(file) : parquetTexts(file)) {
    // A record without text is no document.
    if (text.length === 0) continue;
    const bytes = utf8(text);
    yield { pieces: [text], contentHash: async () => taggedHash(DOMAIN, createHash('sha256').update(bytes).digest()), bytes: bytes.length };
  }
}

const DOMAIN = 'pol/document/1';

async function fileHash(file: SourceFile): Promise<Hash> {
  const hash = createHash('sha256');
  for await (const piece of readBytes(file)) hash.update(piece);
  return taggedHash(DOMAIN, hash.digest());
}

/**
 * Whether a document is held out: by its content alone, so that copies of it stay on one side, and which they are changes with no other
 * document. @param ppm the share of documents held out, in millionths
 */
export function isHeldOut(contentHash: Hash, ppm: number): boolean {
  const view = new DataView(contentHash.buffer, contentHash.byteOffset, contentHash.byteLength);
  return view.getUint32(0) < Math.floor((ppm / 1e6) * 2 ** 32);
}

export interface MixPart {
  readonly weight: number;
  readonly documents: AsyncIterator<TextDocument>;
}

/**
 * Documents of several sources, so that their tokens stand in the proportion of their weights: the next comes from the part that is
 * furthest behind, the first among equals. It ends with the part that ends first, so no text comes twice and the proportion holds to the end.
 * @param tokensOf told each document, gives the tokens it had
 */
export async function mixDocuments(parts: readonly MixPart[], tokensOf: (document: TextDocument) => Promise<number>): Promise<void> {
  const tokens = parts.map(() => 0);
  for (;;) {
    let behind = 0;
    parts.forEach(({ weight }, i) => {
      const [own, least] = [(tokens[i] as number) / weight, (tokens[behind] as number) / (parts[behind] as MixPart).weight];
      if (own < least) behind = i;
    });
    const next = await (parts[behind] as MixPart).documents.next();
    if (next.done === true) {
      for (const { documents } of parts) await documents.return?.();
      return;
    }
    tokens[behind] = (tokens[behind] as number) + (await tokensOf(next.value));
  }
}
