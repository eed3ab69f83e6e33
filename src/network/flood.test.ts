import { afterEach, describe, expect, it } from 'vitest';
import { codec, hash, struct } from '../codec/shape.ts';
import { utf8 } from '../primitives/bytes.ts';
import type { NodeNetwork } from './create-network.ts';
import { type Judgement, REQUEST_PROTOCOLS, TOPICS } from './network.ts';
import { ATTACKS, type Attacker, createAttacker } from './testing/attacker.ts';
import { allJoined, GENESIS_HASH, hostPort, makeNetwork } from './testing/test-network.ts';

/** Messages of each kind. In full: POL_FLOOD=100000 npx vitest run src/network/flood.test.ts */
const COUNT = Number(process.env.POL_FLOOD ?? 1_000);
/** Each needs a connection of its own. */
const CONNECTIONS = Math.min(COUNT, 200);

const attackers: Attacker[] = [];

afterEach(async () => {
  await Promise.all(attackers.splice(0).map((attacker) => attacker.stop()));
});

const wanted = codec('wanted', struct<{ readonly id: Uint8Array }>({ id: hash }), 128);

/** Everything it hears is invalid. */
async function startVictim(): Promise<NodeNetwork> {
  const victim = makeNetwork({ nodeId: 'victim' });
  const judge = async (): Promise<Judgement> => 'reject';
  for (const topic of TOPICS) victim.subscribe(topic, judge);
  victim.onDirect('consensus', judge);
  for (const protocol of REQUEST_PROTOCOLS) {
    if (protocol === 'hello' || protocol === 'opening') continue;
    victim.handle(protocol, async (bytes) => {
      wanted.decode(bytes);
      return new Uint8Array(0);
    });
  }
  victim.handle('opening', async () => utf8('an answer'));
  await victim.start();
  return victim;
}

describe('a flood', () => {
  it.each(ATTACKS)(
    'of %s is cut off, and others are served meanwhile',
    async (attack) => {
      const victim = await startVictim();
      const friend = makeNetwork({ nodeId: 'friend', bootNodes: [hostPort(victim)] });
      await friend.start();
      await allJoined(victim, friend);
      const attacker = await createAttacker({ target: victim.addresses()[0] as string, genesisHash: GENESIS_HASH });
      attackers.push(attacker);

      let over = false;
      let served = 0;
      const flood = attacker.run(attack, attack === 'churn' || attack === 'sockets' ? CONNECTIONS : COUNT).finally(() => {
        over = true;
      });
      do {
        const answer = await friend.request(victim.peerId, 'opening', utf8('friend'), { maxBytes: 100, timeoutMs: 20_000 });
        expect(answer).toEqual(utf8('an answer'));
        served++;
      } while (!over);
      await flood;
      expect(served).toBeGreaterThan(0);
      // Silent sockets are no peer; they end by themselves. Questions that are well-formed are answered as fast as is allowed.
      if (attack !== 'sockets' && (attack !== 'unknown' || COUNT > 10_000)) expect(victim.counters().peersRefused).toBeGreaterThan(0);
      expect(victim.peers().map(({ nodeId }) => nodeId)).toContain('friend');
      expect(victim.peers().find(({ id }) => id === friend.peerId)?.score).toBe(-0);
      if (process.env.POL_FLOOD !== undefined) console.log(attack, { sent: await flood, served, ...victim.counters() });
    },
    60_000 + 5 * COUNT,
  );
});
