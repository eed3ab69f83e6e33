import { dataError } from '../errors.ts';

/** How a file's documents are found: a text is one; of records each is one. */
export type FileFormat = 'text' | 'jsonl' | 'parquet';

export function formatOf(name: string): FileFormat {
  if (/\.parquet$/i.test(name)) return 'parquet';
  return /\.(?:jsonl|ndjson)$/i.test(name) ? 'jsonl' : 'text';
}

/** A column's name behind the last `#` of a path or an address. */
export function splitColumn(target: string): { readonly target: string; readonly column: string | undefined } {
  const [, before, column] = /^(.+)#([^#/\\]+)$/.exec(target) ?? [];
  return before === undefined || column === undefined ? { target, column: undefined } : { target: before, column };
}

export interface WeightedSource {
  readonly weight: number;
  readonly source: string;
}

/**
 * The parts of a source: itself or, of `mix:3*SOURCE,1*SOURCE`, those it is mixed from. Weights are whole numbers.
 * @throws DATA_SOURCE_NOT_FOUND
 */
export function partsOf(source: string): readonly WeightedSource[] {
  if (!source.startsWith('mix:')) return [{ weight: 1, source }];
  const parts = source
    .slice('mix:'.length)
    .split(/,(?=\d+\*)/)
    .map((part) => {
      const [, weight, inner] = /^(\d{1,6})\*(.+)$/.exec(part.trim()) ?? [];
      if (inner === undefined || Number(weight) < 1 || inner.startsWith('mix:')) {
        throw dataError('DATA_SOURCE_NOT_FOUND', `"${source}": "${part}" is not WEIGHT*SOURCE with a whole weight of at least 1`);
      }
      return { weight: Number(weight), source: inner };
    });
  return parts;
}

/** A source with each of its parts changed. */
export async function mapParts(source: string, change: (part: string) => string | Promise<string>): Promise<string> {
  const parts = partsOf(source);
  const changed = await Promise.all(parts.map((part) => change(part.source)));
  return source.startsWith('mix:') ? `mix:${parts.map(({ weight }, i) => `${weight}*${changed[i]}`).join(',')}` : (changed[0] as string);
}
