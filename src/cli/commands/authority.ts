import type { Command } from 'commander';
import { addressArgument, countArgument, hashArgument } from '../arguments.ts';
import { type AuthoritiesInfo, createClient } from '../client.ts';
import type { Io } from '../io.ts';
import { examples, type NodeAddressOptions, nodeUrl, withNodeAddress } from '../options.ts';
import { table } from '../text.ts';
import { DEFAULT_TIMEOUT_SECONDS, waitFor } from '../waiting.ts';

interface VoteOptions extends NodeAddressOptions {
  readonly tip?: string;
  readonly secretTip?: string;
  readonly wait: boolean;
  readonly timeout: number;
}

export function registerAuthority(program: Command, io: Io): void {
  const group = program.command('authority').description('The authority set: show it, stand for it, vote for changes.');
  const clientOf = (options: NodeAddressOptions) => createClient({ url: nodeUrl(options) }, io);

  withNodeAddress(group.command('list'))
    .description('Show the authorities, what they voted for, and the changes that are due.')
    .option('--json', 'print JSON')
    .action(async (options: NodeAddressOptions & { json?: boolean }) => {
      const info = await clientOf(options).authorities();
      io.out.write(options.json === true ? `${JSON.stringify(info, undefined, 2)}\n` : `${listLines(info).join('\n')}\n`);
    });

  withNodeAddress(group.command('candidacy'))
    .description('Show what authorities need to vote this node in; nothing of it is secret.')
    .option(
      '--generation <N>',
      'which of its hash chains: one that was an authority before has shown part of the last ones, and names the next',
      countArgument(0),
      0,
    )
    .option('--json', 'print JSON')
    .action(async (options: NodeAddressOptions & { json?: boolean; generation: number }) => {
      const { address, tip, secret_tip } = await clientOf(options).candidacy(options.generation);
      io.out.write(
        options.json === true
          ? `${JSON.stringify({ address, tip, secret_tip })}\n`
          : `pol-node authority add ${address} --tip ${tip} --secret-tip ${secret_tip}\n`,
      );
    });

  withVoteOptions(group.command('add'))
    .description('Vote, as the authority whose node this is, to add another.')
    .argument('<ADDRESS>', 'the candidate’s account', addressArgument)
    .requiredOption('--tip <HASH>', 'tip of its public hash chain, as its own “authority candidacy” prints it', hashArgument)
    .requiredOption('--secret-tip <HASH>', 'tip of its secret hash chain', hashArgument)
    .action((address: string, options: VoteOptions) => vote(['add', address, options.tip ?? '', options.secretTip ?? ''], options));

  withVoteOptions(group.command('remove'))
    .description('Vote, as the authority whose node this is, to remove one.')
    .argument('<ADDRESS>', 'the authority’s account', addressArgument)
    .action((address: string, options: VoteOptions) => vote(['remove', address], options));

  examples(group, [
    ['pol-node authority list', 'who decides, and who is wanted'],
    ['pol-node authority candidacy --port 8083', 'the line to send to the authorities'],
    ['pol-node authority remove 0x12…', 'a vote; 67 % of the authorities carry it'],
  ]);

  async function vote(change: readonly string[], options: VoteOptions): Promise<void> {
    const client = clientOf(options);
    const self = (await client.status()).address?.toLowerCase();
    const operation = await client.voteAuthority(change);
    if (options.wait) await waitFor(isCounted, { what: `a block with operation ${operation}`, timeoutMs: options.timeout * 1000 }, io);
    io.out.write(`voted to ${change[0]} ${change[1]} (operation ${operation})\n`);

    /** The wish stands in the state, or a boundary has carried it out or scheduled it already. */
    async function isCounted(): Promise<true | undefined> {
      const { wishes, scheduled, authorities } = await client.authorities();
      const isIt = (each: { change: string; candidate: string }) =>
        each.change === change[0] && each.candidate.toLowerCase() === change[1]?.toLowerCase();
      const isWished = wishes.some((each) => isIt(each) && each.authority.toLowerCase() === self);
      const isMember = authorities.some(({ address }) => address.toLowerCase() === change[1]?.toLowerCase());
      return isWished || scheduled.some(isIt) || isMember === (change[0] === 'add') ? true : undefined;
    }
  }
}

function withVoteOptions(command: Command): Command {
  return withNodeAddress(command)
    .option('--no-wait', 'do not wait for the block that holds the vote')
    .option('--timeout <SECONDS>', 'how long to wait for the block', countArgument(1), DEFAULT_TIMEOUT_SECONDS);
}

function listLines({ authorities, wishes, scheduled, round }: AuthoritiesInfo): readonly string[] {
  const lines = table(
    authorities.map(({ address, reputation, bonded_pol }) => [
      address,
      `reputation ${reputation.toFixed(2)}`,
      `${bonded_pol} POL at stake`,
    ]),
  );
  for (const { authority, change, candidate } of wishes) lines.push(`${authority} voted to ${change} ${candidate}`);
  for (const each of scheduled) lines.push(`due with round ${each.round} (now ${round}): ${each.change} ${each.candidate}`);
  return lines;
}
