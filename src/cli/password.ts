import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { cliError } from './errors.ts';
import { readTextFile } from './files.ts';
import type { Io } from './io.ts';

const LEAST_PASSWORD_CHARACTERS = 8;

/** First line of a file. @throws CLI_FILE_UNREADABLE, CLI_USAGE when it is empty */
export function passwordFromFile(path: string, io: Io): string {
  const password = readTextFile(path, io.workingDirectory).split(/\r?\n/)[0] ?? '';
  if (password === '') throw cliError('CLI_USAGE', `the password file ${path} is empty`);
  return password;
}

/** Asks twice at the terminal. @throws CLI_USAGE without a terminal, when the two differ, or when it is short */
export async function newPassword(io: Io): Promise<string> {
  const password = await readHidden(`Password (at least ${LEAST_PASSWORD_CHARACTERS} characters): `, io);
  if (password.length < LEAST_PASSWORD_CHARACTERS) {
    throw cliError('CLI_USAGE', `the password has fewer than ${LEAST_PASSWORD_CHARACTERS} characters`);
  }
  if ((await readHidden('Again: ', io)) !== password) throw cliError('CLI_USAGE', 'the two passwords differ; nothing was written');
  return password;
}

/** Reads a line from the terminal without showing it. @throws CLI_USAGE without a terminal */
export async function readHidden(question: string, io: Io): Promise<string> {
  if (io.input.isTTY !== true)
    throw cliError('CLI_USAGE', 'there is no terminal to ask at; give --password-file (or --private-key-file, --phrase-file)');
  io.err.write(question);
  // In raw mode readline does the echo itself; this output swallows it.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: io.input, output: silent, terminal: true });
  try {
    return await new Promise((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => reject(cliError('CLI_USAGE', 'nothing was entered')));
      lines.once('SIGINT', () => lines.close());
    });
  } finally {
    lines.close();
    io.err.write('\n');
  }
}
