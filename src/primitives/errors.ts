/** What an error means to an HTTP client and to a JSON-RPC client; unset means "internal" (500, -32603). */
interface ErrorMapping {
  readonly explanation: string;
  readonly http?: number;
  readonly jsonRpc?: number;
}

/** A domain's table of error codes. One table a domain, each code with its explanation and mappings. */
export type ErrorTable = Readonly<Record<string, ErrorMapping>>;

/**
 * The one error type of this project. Callers branch on `code`, never on `message`.
 * A foreign error is wrapped where it enters, and kept as `cause`.
 */
export class PolError<Code extends string = string> extends Error {
  override readonly name = 'PolError';
  readonly code: Code;
  readonly http: number;
  readonly jsonRpc: number;
  /** Facts for machines (a revert's data, the name of a field). */
  readonly data: unknown;

  constructor(code: Code, message: string, options: { cause?: unknown; http?: number; jsonRpc?: number; data?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.http = options.http ?? 500;
    this.jsonRpc = options.jsonRpc ?? -32603;
    this.data = options.data;
  }
}

/**
 * Makes the error constructor of a domain from its table.
 *
 * @example
 * const storeError = errorDomain({ STORE_CORRUPT: { explanation: 'A stored record does not decode.' } });
 * throw storeError('STORE_CORRUPT', 'block 7 does not decode; restore the data directory from a peer');
 */
export function errorDomain<Table extends ErrorTable>(table: Table) {
  return <Code extends Extract<keyof Table, string>>(
    code: Code,
    message: string,
    options: { cause?: unknown; data?: unknown } = {},
  ): PolError<Code> => {
    const mapping = table[code] as ErrorMapping;
    return new PolError(code, message, {
      ...options,
      ...(mapping.http === undefined ? {} : { http: mapping.http }),
      ...(mapping.jsonRpc === undefined ? {} : { jsonRpc: mapping.jsonRpc }),
    });
  };
}

/** True when `error` is ours and, if given, has this code. */
export function isPolError(error: unknown, code?: string): error is PolError {
  return error instanceof PolError && (code === undefined || error.code === code);
}

/** A one-line description of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
