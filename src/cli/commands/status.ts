import type { Command } from 'commander';
import { createClient, type NodeStatus, type TrainingInfo } from '../client.ts';
import type { Io } from '../io.ts';
import { examples, type NodeAddressOptions, nodeUrl, withNodeAddress } from '../options.ts';
import { groupDigits, table } from '../text.ts';

export function registerStatus(program: Command, io: Io): void {
  const command = withNodeAddress(program.command('status'))
    .description('Show a running node: height, round, peers, training.')
    .option('--json', 'print the node’s answer as JSON')
    .action(async (options: NodeAddressOptions & { json?: boolean }) => {
      const client = createClient({ url: nodeUrl(options) }, io);
      const status = await client.status();
      const training = await client.trainingStatus();
      if (options.json === true) io.out.write(`${JSON.stringify({ ...status, training }, undefined, 2)}\n`);
      else io.out.write(`${statusLines(status, training).join('\n')}\n`);
    });
  examples(command, [
    ['pol-node status', 'the node on this machine'],
    ['pol-node status --port 8083', 'another node on this machine'],
    ['pol-node status --url http://10.0.0.7:8080 --json', 'a node elsewhere, for a script'],
  ]);
}

function statusLines(status: NodeStatus, training: TrainingInfo): string[] {
  const known = (value: number | undefined, format: (value: number) => string = groupDigits) => (value === undefined ? '–' : format(value));
  const loss = (value: number) => value.toFixed(4);
  const syncing = status.syncing !== undefined && status.syncing !== null && status.syncing !== false;
  const speed = `${known(training.tokens_per_second)} tokens/s`;
  return table([
    ['node', `${status.node_id ?? '–'} (${status.is_authority === true ? 'authority' : 'regular'})`],
    ['address', status.address ?? '–'],
    ['height', `${known(status.height)}${syncing ? ' (catching up)' : ''}`],
    ['round', known(status.round)],
    ['peers', known(status.peers)],
    ['training', training.active === true ? speed : training.enabled === true ? 'between rounds' : 'off'],
    ['training loss', known(training.current_loss, loss)],
    ['held-out loss', known(training.held_out_loss, loss)],
    ['model', status.model_root ?? '–'],
  ]);
}
