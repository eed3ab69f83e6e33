import type { Earner, NetworkInfo, NodeClient, NodeStatus, TrainingInfo } from '../client.ts';
import type { DevnetNode } from './network-folder.ts';
import type { DevnetSnapshot, NodeSnapshot } from './snapshot.ts';

const MAX_LOSSES = 512;

export interface PolledNode {
  readonly node: DevnetNode;
  readonly apiUrl: string;
  readonly client: NodeClient;
  readonly hasExited: () => boolean;
}

/** Asks all nodes and remembers what they said before, so that one busy node leaves no hole. */
export interface Poller {
  poll(notices: readonly string[]): Promise<DevnetSnapshot>;
}

export function createPoller(
  { nodes, chainId, startedAt }: { readonly nodes: readonly PolledNode[]; readonly chainId: number; readonly startedAt: number },
  { now }: { readonly now: () => number },
): Poller {
  let previous: DevnetSnapshot | undefined;
  const losses = new Map<number, number>();

  return {
    async poll(notices) {
      const answers = await Promise.all(nodes.map(askNode));
      const info = await askNetwork(nodes, answers);
      rememberLosses(losses, answers, info);
      const snapshots = nodes.map((polled, index) => nodeSnapshot(polled, answers[index], previous?.nodes[index], info));
      const height = highest(snapshots.map((node) => node.height));
      const rose = height !== undefined && height > (previous?.height ?? -1);
      const active = snapshots.filter((node) => node.state !== 'exited' && node.training === true);
      previous = {
        chainId,
        startedAt,
        now: now(),
        lastBlockAt: rose || previous === undefined ? now() : previous.lastBlockAt,
        height,
        round: info?.round ?? previous?.round,
        settledRound: info?.settled_round ?? previous?.settledRound,
        trainingLoss: mean(active.map((node) => node.loss)) ?? previous?.trainingLoss,
        heldOutLoss: info?.held_out_loss ?? previous?.heldOutLoss,
        heldOutAccuracy: info?.held_out_accuracy ?? previous?.heldOutAccuracy,
        tokensPerSecond: active.reduce((sum, node) => sum + (node.tokensPerSecond ?? 0), 0),
        accepted: info?.proofs_accepted ?? previous?.accepted,
        rejected: info?.proofs_rejected ?? previous?.rejected,
        heldOutLosses: [...losses]
          .sort(([a], [b]) => a - b)
          .slice(-MAX_LOSSES)
          .map(([, loss]) => loss),
        nodes: snapshots,
        notices,
      };
      return previous;
    },
  };
}

interface Answer {
  readonly status: NodeStatus;
  readonly training: TrainingInfo | undefined;
}

async function askNode({ node, client, hasExited }: PolledNode): Promise<Answer | undefined> {
  if (hasExited()) return undefined;
  try {
    const [status, training] = await Promise.all([client.status(), node.role === 'trainer' ? client.trainingStatus() : undefined]);
    return { status, training };
  } catch {
    return undefined;
  }
}

/** From the node that is furthest, and answers. */
async function askNetwork(nodes: readonly PolledNode[], answers: readonly (Answer | undefined)[]): Promise<NetworkInfo | undefined> {
  const order = nodes
    .flatMap(({ client }, index) => {
      const answer = answers[index];
      return answer === undefined ? [] : [{ client, height: answer.status.height ?? -1 }];
    })
    .sort((a, b) => b.height - a.height);
  for (const { client } of order) {
    try {
      return await client.networkInfo();
    } catch {
      // The next one may answer.
    }
  }
  return undefined;
}

function rememberLosses(losses: Map<number, number>, answers: readonly (Answer | undefined)[], info: NetworkInfo | undefined): void {
  for (const answer of answers) {
    for (const { round, held_out_loss } of answer?.training?.history ?? [])
      if (held_out_loss !== undefined) losses.set(round, held_out_loss);
  }
  const round = info?.held_out_round ?? info?.settled_round;
  if (round !== undefined && info?.held_out_loss !== undefined) losses.set(round, info.held_out_loss);
}

function nodeSnapshot(
  { node, apiUrl, hasExited }: PolledNode,
  answer: Answer | undefined,
  before: NodeSnapshot | undefined,
  info: NetworkInfo | undefined,
): NodeSnapshot {
  const { name, role } = node;
  const address = answer?.status.address ?? before?.address;
  const earner = address === undefined ? undefined : findEarner(role === 'authority' ? info?.authorities : info?.trainers, address);
  const told = answer !== undefined || (before !== undefined && before.state !== 'starting');
  return {
    name,
    role,
    apiUrl,
    state: hasExited() ? 'exited' : answer !== undefined ? 'running' : told ? 'silent' : 'starting',
    address,
    height: answer?.status.height ?? before?.height,
    peers: answer?.status.peers ?? before?.peers,
    memoryBytes: answer?.status.memory_bytes ?? before?.memoryBytes,
    training: answer === undefined ? before?.training : answer.training?.active,
    tokensPerSecond: answer === undefined ? before?.tokensPerSecond : answer.training?.tokens_per_second,
    loss: answer?.training?.current_loss ?? before?.loss,
    earned: earner?.earned ?? before?.earned,
    accepted: earner?.accepted ?? before?.accepted,
    rejected: earner?.rejected ?? before?.rejected,
  };
}

function findEarner(earners: readonly Earner[] | undefined, address: string): Earner | undefined {
  return earners?.find((earner) => earner.address.toLowerCase() === address.toLowerCase());
}

function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}
