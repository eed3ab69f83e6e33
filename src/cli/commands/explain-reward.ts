import type { Command } from 'commander';
import { formatPol } from '../../primitives/units.ts';
import { addressArgument, countArgument } from '../arguments.ts';
import { createClient, type RewardExplanation } from '../client.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { examples, type NodeAddressOptions, nodeUrl, withNodeAddress } from '../options.ts';
import { groupDigits, table } from '../text.ts';

export function registerExplainReward(program: Command, io: Io): void {
  const command = withNodeAddress(program.command('explain-reward'))
    .description('Show where each coin that an account got for a settled round came from.')
    .argument('<ADDRESS>', 'account', addressArgument)
    .argument('<ROUND>', 'settled round', countArgument(0))
    .option('--json', 'print JSON, with amounts in wei')
    .action(async (address: string, round: number, options: NodeAddressOptions & { json?: boolean }) => {
      const client = createClient({ url: nodeUrl(options) }, io);
      const reward = await client.reward(round, address);
      io.out.write(options.json === true ? `${JSON.stringify(reward, bigintText, 2)}\n` : `${rewardLines(reward).join('\n')}\n`);
      requireSums(reward);
    });
  examples(command, [
    ['pol-node explain-reward 0x1234567890abcdef1234567890abcdef12345678 7', 'a trainer’s, or an authority’s'],
    ['pol-node explain-reward 0x12… 7 --url http://10.0.0.7:8080 --json', 'from a node elsewhere, for a script'],
  ]);
}

const bigintText = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

/** The parts are added up here again: what does not come to the block's withdrawals is not explained. @throws CLI_CHECK_FAILED */
function requireSums({ trainer, authority, withdrawals, paid, settled_at_height: height }: RewardExplanation): void {
  const parts = [trainer, authority].flatMap((part) => part ?? []);
  const isWhole = parts.every((part) => part.paid + part.locked + part.unminted === part.due);
  const sum = parts.reduce((total, part) => total + part.paid, 0n);
  const got = withdrawals.reduce((total, { wei }) => total + wei, 0n);
  if (isWhole && sum === paid && got === paid) return;
  throw cliError('CLI_CHECK_FAILED', `the parts come to ${sum} wei, and block ${height} paid ${got}: the node's answer is not consistent`);
}

function rewardLines(reward: RewardExplanation): readonly string[] {
  const { emission, trainer, authority, bounties, slashes, withdrawals } = reward;
  const percent = (part: number) => `${(100 * part).toFixed(2)} %`;
  const rows: (readonly [string, string, string])[] = [
    ['emission', pol(emission.scheduled), `scheduled for round ${reward.round}`],
    ['', pol(emission.available), `of it could be minted: factor ${percent(emission.factor)} by the held-out loss`],
  ];
  if (trainer !== null) {
    const share = `${groupDigits(trainer.tokens)} of ${groupDigits(trainer.accepted_tokens)} verified tokens`;
    rows.push(['trainer', '', `${trainer.segments} segments: ${trainer.decision ?? 'pending'}`]);
    rows.push(['', pol(trainer.by_tokens), `${share}, of ${pol(emission.trainers)} for trainers`]);
    if (trainer.capped) rows.push(['', pol(trainer.price_cap), 'the price cap for so many tokens']);
    rows.push(...dueRows(trainer));
  }
  if (authority !== null) {
    rows.push(['authority', pol(authority.seat), `a seat, of ${pol(emission.authorities)} for authorities`]);
    rows.push(['', pol(authority.due), `for ${authority.done} of ${authority.wanted} pieces of work done`]);
    rows.push(...dueRows(authority));
  }
  for (const { offender, wei } of bounties)
    rows.push(['bounty', pol(wei), `owed for finding the fraud of ${offender}; paid by a later block`]);
  for (const { reason, wei, burned } of slashes) rows.push(['slashed', pol(-wei), `${reason}; ${pol(burned)} of it burned`]);
  for (const { index, wei } of withdrawals) rows.push(['withdrawal', pol(wei), `number ${index}, in block ${reward.settled_at_height}`]);
  rows.push(['paid', pol(reward.paid), `to ${reward.address} by block ${reward.settled_at_height}`]);
  return table(rows, [1]);
}

function dueRows({ due, locked, unminted, paid }: NonNullable<RewardExplanation['trainer'] | RewardExplanation['authority']>) {
  const rows: (readonly [string, string, string])[] = [];
  if (locked > 0n) rows.push(['', pol(locked), `of ${pol(due)} locked into the stake, which is under its minimum`]);
  if (unminted > 0n) rows.push(['', pol(unminted), 'not minted: the table of stakes has no room']);
  rows.push(['', pol(paid), 'paid out']);
  return rows;
}

const pol = (wei: bigint): string => (wei < 0n ? `-${formatPol(-wei)}` : formatPol(wei)).concat(' POL');
