import { describe, expect, it } from 'vitest';
import { startApi } from '../../api/testing/node.ts';
import { authority, playRound, TRAINER } from '../../chain/testing/network.ts';
import { toHex } from '../../primitives/bytes.ts';
import { runCli } from '../run-cli.ts';
import { jsonResponse, testIo } from '../testing/test-io.ts';

const trainer = toHex(TRAINER.address);

async function settled() {
  const api = await startApi();
  await playRound(api);
  const run = async (...argv: readonly string[]) => {
    const io = testIo({ fetch: (url, init) => fetch(url, init) });
    const code = await runCli(['explain-reward', ...argv, '--url', api.url], io);
    return { code, output: io.output(), errors: io.errors() };
  };
  return { ...api, run };
}

describe('explain-reward', () => {
  it('explains a trainer’s and an authority’s coins to the wei of what the chain paid them', async () => {
    const { run, execution, result } = await settled();
    for (const address of [trainer, toHex(authority(1).signer.address)]) {
      const { code, output } = await run(address, '1', '--json');
      expect(code).toBe(0);
      const reward = JSON.parse(output);
      expect(BigInt(reward.paid)).toBe(await execution.reader.balance(Buffer.from(address.slice(2), 'hex')));
      expect(BigInt(reward.paid)).toBeGreaterThan(0n);
      expect(await result('pol_explainReward', address, '0x1')).toMatchObject({ paid: reward.paid, adds_up: true });
    }
    const { output } = await run(trainer, '1');
    expect(output).toContain('1 segments: accepted');
    expect(output).toMatch(/paid +\S+ POL +to 0x/);
  });

  it('says so when there is nothing to explain', async () => {
    const { run } = await settled();
    expect(await run(`0x${'12'.repeat(20)}`, '1')).toMatchObject({ code: 1, errors: expect.stringContaining('had no part in round 1') });
    expect(await run(trainer, '99')).toMatchObject({ code: 1, errors: expect.stringContaining('the last settled round is 1') });
  });

  it('fails when the parts of an answer do not come to the withdrawals', async () => {
    const { run, url } = await settled();
    const document = JSON.parse((await run(trainer, '1', '--json')).output);
    const io = testIo({ fetch: () => jsonResponse({ ...document, withdrawals: [{ index: 0, wei: '1' }] }) });
    expect(await runCli(['explain-reward', trainer, '1', '--url', url], io)).toBe(1);
    expect(io.errors()).toContain('not consistent');
  });
});
