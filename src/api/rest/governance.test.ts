import { describe, expect, it } from 'vitest';
import { ADDRESSES, agree, authority, playRound, TRAINER } from '../../chain/testing/network.ts';
import { toHex } from '../../primitives/bytes.ts';
import { checksumAddress } from '../../primitives/keys.ts';
import { startApi } from '../testing/node.ts';

const trainer = checksumAddress(TRAINER.address);
const self = authority(0).signer.address;
const candidate = `0x${'ab'.repeat(20)}`;
const hash = (byte: string) => `0x${byte.repeat(32)}`;

describe('stakes and authorities over the API', () => {
  it('shows what is at stake, and takes a request for it back into a block', async () => {
    const api = await startApi();
    const before = (await api.get(`/api/v1/stakes/${toHex(self)}`)).body as { bonded: string };
    expect(before).toMatchObject({ bonded_pol: '1000', unbonding: '0', unbonds_after_round: null, offences: 0 });
    expect(await api.result('pol_exit', '0x3b9aca00')).toMatch(/^0x[0-9a-f]{64}$/);
    await agree(api);
    const after = (await api.get(`/api/v1/stakes/${toHex(self)}`)).body as { bonded: string };
    expect(after).toMatchObject({ unbonding: '1000000000' });
    expect(BigInt(before.bonded) - BigInt(after.bonded)).toBe(1_000_000_000n);
    expect(await api.error('pol_exit', '0x3b9aca00')).toMatchObject({ message: expect.stringContaining('being given back') });
    expect(await api.error('pol_exit', '0x1')).toMatchObject({ code: -32602, message: expect.stringContaining('whole gwei') });
    expect(await api.result('pol_getStake', candidate)).toMatchObject({ bonded: '0' });
  });

  it('shows the authorities, and takes a vote for another into a block', async () => {
    const api = await startApi();
    expect(await api.result('pol_candidacy')).toEqual({
      address: expect.stringMatching(/^0x/),
      tip: toHex(authority(0).onion.tip),
      secret_tip: toHex(authority(0).secretOnion.tip),
    });
    expect(await api.result('pol_candidacy', '0x1')).toMatchObject({ tip: toHex(authority(1).onion.tip) });
    expect(await api.error('pol_candidacy', '0x10')).toMatchObject({ code: -32602, message: expect.stringContaining('below 16') });
    await api.result('pol_voteAuthority', 'add', candidate, hash('01'), hash('02'));
    await agree(api);
    expect((await api.get('/api/v1/authorities')).body).toMatchObject({
      authorities: ADDRESSES.map((address) => ({ address: checksumAddress(address) })),
      wishes: [{ authority: checksumAddress(self), change: 'add', candidate: expect.stringMatching(/^0xab/i) }],
      scheduled: [],
    });
    expect(await api.error('pol_voteAuthority', 'remove', candidate)).toMatchObject({ message: 'the candidate is no authority' });
    expect(await api.error('pol_voteAuthority', 'promote', candidate)).toMatchObject({ code: -32602 });
    expect(await api.error('pol_voteAuthority', 'add', candidate, hash('01'))).toMatchObject({ code: -32602 });
  });

  it('refuses both to web pages, for they use the node’s key', async () => {
    const api = await startApi();
    const page = { origin: 'https://example.org' };
    for (const [method, params] of [
      ['pol_exit', ['0x3b9aca00']],
      ['pol_voteAuthority', ['remove', toHex(self)]],
    ] as const) {
      expect((await api.call(method, params, page)).error?.message).toContain('not for web pages');
    }
  });
});

describe('GET /api/v1/lineage', () => {
  it('names who trained the settled model, and the blocks that say so', async () => {
    const api = await startApi();
    await playRound(api);
    const { body } = await api.get('/api/v1/lineage');
    const settled = api.blocks.settledRound(1);
    expect(body).toMatchObject({
      format: 'pol-lineage-1',
      checkpoint: { settled_round: 1, height: settled?.height, model_root: toHex(api.chain.state.modelRoot) },
      contributors: [{ address: trainer, rounds: 1, segments: 1 }],
      rounds: [{ round: 1, height: settled?.height, proofs: [{ trainer }] }],
    });
    // Round 0 only gathered: there is a model, and nobody has trained it.
    expect((await api.get('/api/v1/lineage?round=0')).body).toMatchObject({ contributors: [], rounds: [] });
    expect((await api.get('/api/v1/lineage?round=7')).status).toBe(404);
    expect((await api.get('/api/v1/lineage?round=x')).status).toBe(400);
  });
});
