/**
 * The last thing a log says, as a sentence: the newest error if there is one among its lines, else the newest line.
 * Lines are JSON objects of the logger, or plain text (what a program prints when it cannot start).
 */
export function lastLogSentence(log: string): string {
  const lines = log.split('\n').map((line) => line.trim());
  const told = lines.filter((line) => line !== '');
  const last = told.at(-1);
  if (last === undefined) return 'the log is empty';
  const failure = told.slice(-LINES_SEARCHED).findLast((line) => line.startsWith('error: ') || levelOf(line) === 'error');
  return sentence(failure ?? last);
}

const LINES_SEARCHED = 20;

function sentence(line: string): string {
  const { msg, err } = parse(line);
  const text = typeof msg === 'string' ? msg : line;
  const cause = typeof err === 'object' && err !== null && 'message' in err ? `: ${String(err.message)}` : '';
  return `${text}${cause}`;
}

function levelOf(line: string): unknown {
  return parse(line).level;
}

function parse(line: string): Readonly<Record<string, unknown>> {
  if (!line.startsWith('{')) return {};
  try {
    const document: unknown = JSON.parse(line);
    return typeof document === 'object' && document !== null ? (document as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
