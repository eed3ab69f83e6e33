import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { messageOf } from '../../primitives/errors.ts';
import { dataError } from '../errors.ts';
import { MAX_RECORD_BYTES } from './limits.ts';

/** Where a record's text is unless the source names another field. */
export const DEFAULT_COLUMN = 'text';

interface RecordFile {
  readonly name: string;
  readonly path: string;
  readonly column?: string | undefined;
}

/**
 * The texts of a JSONL file (one JSON object a line), one document each. A field within an object is named with dots. Empty lines count for nothing.
 * @throws DATA_RECORD_INVALID naming line and field
 */
export async function* jsonlTexts({ name, path, column = DEFAULT_COLUMN }: RecordFile): AsyncGenerator<string> {
  const stream = createReadStream(path, { encoding: 'utf8' });
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      const text = number === 1 && line.startsWith('\ufeff') ? line.slice(1) : line;
      if (text.trim() === '') continue;
      if (text.length > MAX_RECORD_BYTES)
        throw dataError('DATA_RECORD_INVALID', `${name}, line ${number}: longer than ${MAX_RECORD_BYTES} characters`);
      yield textOf(parse(text, name, number), column, `${name}, line ${number}`);
    }
  } finally {
    lines.close();
    stream.destroy();
  }
}

function parse(line: string, name: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw dataError('DATA_RECORD_INVALID', `${name}, line ${number}: not JSON: ${messageOf(cause)}`, { cause });
  }
}

/** @throws DATA_RECORD_INVALID */
function textOf(record: unknown, column: string, where: string): string {
  let value: unknown = record;
  for (const field of column.split('.')) {
    value = typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === field)?.[1] : undefined;
  }
  if (typeof value === 'string') return value;
  const fields = typeof record === 'object' && record !== null ? Object.keys(record).join(', ') : 'nothing';
  throw dataError('DATA_RECORD_INVALID', `${where}: field ${column} is no text; the record has: ${fields}`);
}

/**
 * The texts of a Parquet file's column, one document a row, a row group in memory at a time. Rows without a text are left out.
 * @throws DATA_RECORD_INVALID naming the column and what there is instead
 */
export async function* parquetTexts({ name, path, column = DEFAULT_COLUMN }: RecordFile): AsyncGenerator<string> {
  // Loaded on first use: decompressors are WebAssembly that most networks do without.
  const [{ asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const wrap = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      throw dataError('DATA_RECORD_INVALID', `${name} is no Parquet file, or a damaged one: ${messageOf(cause)}`, { cause });
    });
  const file = await wrap(asyncBufferFromFile(path));
  const metadata = await wrap(parquetMetadataAsync(file));
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  if (!columns.includes(column)) {
    throw dataError('DATA_RECORD_INVALID', `${name} has no column ${column}; it has: ${columns.join(', ')}`);
  }
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await wrap(parquetReadObjects({ file, metadata, columns: [column], rowStart, rowEnd, compressors }));
    for (const [i, row] of rows.entries()) {
      const value: unknown = row[column];
      if (value === null || value === undefined) continue;
      if (typeof value !== 'string') throw dataError('DATA_RECORD_INVALID', `${name}, row ${rowStart + i}: column ${column} is no text`);
      yield value;
    }
    rowStart = rowEnd;
  }
}
