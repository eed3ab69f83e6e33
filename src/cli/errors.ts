import { errorDomain, PolError } from '../primitives/errors.ts';

export const cliError = errorDomain({
  CLI_USAGE: { explanation: 'The command was called with arguments that make no sense together.' },
  CLI_FILE_UNREADABLE: { explanation: 'A file named on the command line cannot be read.' },
  CLI_FILE_UNWRITABLE: { explanation: 'A file cannot be written.' },
  CLI_FILE_EXISTS: { explanation: 'A command would overwrite a file and was not told to.' },
  CLI_UNREACHABLE: { explanation: 'No node answers at the address.' },
  CLI_REFUSED: { explanation: 'The node answered with an error; its message is passed on.' },
  CLI_TIMEOUT: { explanation: 'What was waited for did not happen in time.' },
  CLI_TRANSACTION_FAILED: { explanation: 'The transaction is in a block, and was reverted.' },
  CLI_PORT_IN_USE: { explanation: 'A port the local network needs is taken.' },
  CLI_NETWORK_FOLDER: { explanation: 'A folder does not hold the network that was asked for.' },
  CLI_NODES_EXITED: { explanation: 'Every node of the local network has exited.' },
  CLI_CHECK_FAILED: { explanation: 'A check of this machine failed.' },
  CLI_NOT_KEPT: { explanation: 'What a verification needs is served by nobody any more.' },
  CLI_NOT_BUILT: { explanation: 'A part of the program is missing from this installation.' },
});

const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

const USAGE_CODES = new Set(['CLI_USAGE', 'CONFIG_INVALID']);

export function exitCodeOf(error: unknown): number {
  return error instanceof PolError && USAGE_CODES.has(error.code) ? EXIT_USAGE : EXIT_FAILED;
}
