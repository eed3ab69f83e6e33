import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestNetwork, runProgram, type TestNetwork, type TestNode, until } from './network.ts';

interface Info {
  readonly blockchain_height: number;
  readonly settled_round: number;
}

interface Round {
  readonly settled_at_height: number;
  readonly proofs: readonly { readonly trainer: string; readonly outcome: string; readonly reward: string }[];
  readonly votes: readonly { readonly authority: string }[];
}

interface Verification {
  readonly genesis_hash: string;
  readonly segments_wanted: number;
  readonly segments_executed: number;
  readonly proofs: readonly {
    readonly trainer: string;
    readonly right: boolean | null;
    readonly segments: readonly { readonly here: string; readonly statements: readonly { readonly right: boolean | null }[] }[];
  }[];
}

describe('what anybody can check of a running network', () => {
  let network: TestNetwork;
  let first: TestNode;
  const info = () => first.get<Info>('/api/v1/network/info');

  beforeAll(async () => {
    // On a busy machine a verdict has to be kept for longer than the rounds of a test last.
    network = await createTestNetwork({ authorities: 3, nodes: 1, config: { keep_rounds: 40 } });
    first = network.node('authority_0');
    await Promise.all(network.nodes.map((node) => node.start()));
  }, 300_000);
  afterAll(() => network?.dispose());

  /** The newest settled round with an accepted proof. */
  async function acceptedRound(): Promise<number> {
    let found = -1;
    await until('a settled round with an accepted proof', async () => {
      for (let round = (await info()).settled_round; round > 0 && found < 0; round--) {
        const { proofs } = await first.get<Round>(`/api/v1/rounds/${round}`);
        if (proofs.some(({ outcome }) => outcome === 'accepted')) found = round;
      }
      return found >= 0;
    });
    return found;
  }

  it('judges a verdict again from certificates and by re-execution, and finds everybody right', async () => {
    const round = await acceptedRound();
    const { genesis_hash: hash } = await first.get<{ genesis_hash: string }>('/api/v1/status');
    const flags = [
      'verify',
      '--round',
      `${round}`,
      '--url',
      first.url,
      '--dataset-cache',
      `${network.directory}/datasets`,
      '--threads',
      '1',
    ];
    const output = await runProgram([...flags, '--genesis-hash', hash, '--json']);
    const verification = JSON.parse(output.slice(output.indexOf('{'))) as Verification;
    expect(verification.genesis_hash).toBe(hash);
    expect(verification.segments_wanted).toBeGreaterThan(0);
    expect(verification.segments_executed).toBe(verification.segments_wanted);
    expect(verification.proofs.every(({ right }) => right === true)).toBe(true);
    const statements = verification.proofs.flatMap(({ segments }) => segments.flatMap((each) => each.statements));
    expect(statements.length).toBeGreaterThan(0);
    expect(statements.every(({ right }) => right !== false)).toBe(true);
    // One proof by its trainer, as a table.
    const trainer = verification.proofs[0]?.trainer as string;
    expect(await runProgram([...flags, '--proof', trainer])).toContain('the chain was right');
    expect(await runProgram([...flags, '--genesis-hash', `0x${'11'.repeat(32)}`], 1)).toContain("the network's genesis has hash");
    expect(await runProgram([...flags, '--proof', '7'], 2)).toContain('has no proof 7');
  }, 600_000);

  it('explains every reward of a round to the wei', async () => {
    const round = await acceptedRound();
    const { proofs, votes } = await first.get<Round>(`/api/v1/rounds/${round}`);
    for (const address of [...proofs.map(({ trainer }) => trainer), ...votes.map(({ authority }) => authority)]) {
      const output = await runProgram(['explain-reward', address, `${round}`, '--url', first.url, '--json']);
      const { paid, withdrawals } = JSON.parse(output) as { paid: string; withdrawals: readonly { wei: string }[] };
      expect(withdrawals.reduce((sum, { wei }) => sum + BigInt(wei), 0n)).toBe(BigInt(paid));
    }
  }, 300_000);

  it('holds a lineage against the chain, and finds what was changed in it', async () => {
    const round = await acceptedRound();
    const lineage = await first.get<{ contributors: { tokens: number }[]; rounds: unknown[] }>(`/api/v1/lineage?round=${round}`);
    expect(lineage.contributors).toHaveLength(1);
    const file = join(network.directory, 'lineage.json');
    const run = (code: number) => runProgram(['verify', '--lineage', file, '--url', first.url], code);
    await writeFile(file, JSON.stringify(lineage));
    expect(await run(0)).toContain('the lineage holds');
    const [contributor] = lineage.contributors;
    await writeFile(file, JSON.stringify({ ...lineage, contributors: [{ ...contributor, tokens: 1 + (contributor?.tokens ?? 0) }] }));
    expect(await run(1)).toContain('lineage.contributors.0.tokens is');
    await writeFile(file, JSON.stringify({ ...lineage, rounds: lineage.rounds.slice(1) }));
    expect(await run(1)).toContain('the chain says');
  }, 300_000);

  it('stakes coins, takes them back, and votes an authority in and out, by commands', async () => {
    const trainer = network.node('node_3');
    const ask = async (node: TestNode, ...argv: string[]) =>
      JSON.parse(await runProgram([...argv, '--url', node.url, '--json'])) as Record<string, string>;
    await until(
      'coins of the trainer',
      async () =>
        BigInt(await trainer.rpc<string>('eth_getBalance', (await trainer.get<{ address: string }>('/api/v1/status')).address)) >
        10n ** 18n,
    );
    const before = await ask(trainer, 'stake');
    const after = await ask(trainer, 'stake', '--amount', '1.5');
    expect(BigInt(after.bonded as string)).toBeGreaterThanOrEqual(BigInt(before.bonded as string) + 15n * 10n ** 17n);
    const leaving = await ask(trainer, 'exit', '--amount', '0.5');
    expect(leaving.unbonding).toBe(String(5n * 10n ** 17n));
    expect(await runProgram(['exit', '--amount', '0.1', '--url', trainer.url], 1)).toContain('being given back');

    const { address, tip, secret_tip } = await ask(trainer, 'authority', 'candidacy');
    const members = ['authority_0', 'authority_1', 'authority_2'].map((name) => network.node(name));
    for (const member of members) {
      await runProgram([
        'authority',
        'add',
        String(address),
        '--tip',
        String(tip),
        '--secret-tip',
        String(secret_tip),
        '--url',
        member.url,
      ]);
    }
    const isMember = async () =>
      (await first.get<{ authorities: { address: string }[] }>('/api/v1/authorities')).authorities.some(
        (each) => each.address.toLowerCase() === address,
      );
    await until('the new authority to be in the set', isMember);
    expect(await runProgram(['authority', 'list', '--url', first.url])).toMatch(new RegExp(String(address), 'i'));
    // Four now, one of which does not decide: the three others are 67 % of four.
    for (const member of members) await runProgram(['authority', 'remove', String(address), '--url', member.url]);
    await until('it to be out again', async () => !(await isMember()));
    // Who knows the genesis alone follows both changes, by headers.
    const round = await acceptedRound();
    const flags = ['--url', first.url, '--dataset-cache', `${network.directory}/datasets`, '--threads', '1'];
    expect(await runProgram(['verify', '--round', `${round}`, ...flags])).toContain('the chain was right');
  }, 600_000);

  it('reads the same from a stopped node’s directory', async () => {
    const stopped = network.node('node_3');
    const round = await acceptedRound();
    await stopped.stop();
    const flags = [
      '--dataset-cache',
      `${network.directory}/datasets`,
      '--genesis-file',
      `${network.directory}/genesis.json`,
      '--threads',
      '1',
    ];
    const output = await runProgram([
      'verify',
      '--round',
      `${round}`,
      '--data-dir',
      `${network.directory}/${stopped.config.data_dir}`,
      ...flags,
    ]);
    expect(output).toContain('the chain was right');
    await stopped.start();
  }, 600_000);
});
