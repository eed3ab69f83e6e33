import { describe, expect, it } from 'vitest';
import { createOnion } from '../../protocol/onion.ts';
import { named } from '../testing/network.ts';
import { createOwnChains, type HashChains } from './hash-chains.ts';

const chainsOf = (generation: number, elements: number): HashChains => ({
  public: createOnion(named('public', generation), elements),
  secret: createOnion(named('secret', generation), elements),
});

describe('createOwnChains', () => {
  it('finds the generation that is in use, also after a restart and back to the first', () => {
    const generations = [0, 1, 2].map((generation) => chainsOf(generation, 2_000));
    const chains = createOwnChains((generation) => generations[generation]);
    for (const used of [2, 0, 1]) expect(chains.holding(generations[used]?.public.tip ?? named('none', 0))).toBe(generations[used]);
  });

  it('looks for a foreign tip once', () => {
    let made = 0;
    const chains = createOwnChains((generation) => {
      made++;
      return chainsOf(generation, 2);
    });
    expect(chains.holding(named('foreign', 0))).toBeUndefined();
    const first = made;
    expect(chains.holding(named('foreign', 0))).toBeUndefined();
    expect(made).toBe(first);
  });

  it('has the next generation due when either chain nears its end', () => {
    const generations = [chainsOf(0, 1_025), chainsOf(1, 1_025)];
    const chains = createOwnChains((generation) => generations[generation]);
    const { public: first, secret } = generations[0] as HashChains;
    const afterSteps = (onion: typeof first, steps: number) => {
      let element = onion.tip;
      for (let i = 0; i < steps; i++) element = onion.preimageOf(element) ?? element;
      return element;
    };
    expect(chains.due(first.tip, secret.tip)).toBeUndefined();
    expect(chains.due(afterSteps(first, 1), afterSteps(secret, 1))).toBeUndefined();
    expect(chains.due(afterSteps(first, 2), secret.tip)).toBe(generations[1]);
    expect(chains.due(first.tip, afterSteps(secret, 2))).toBe(generations[1]);
    // There is none after it.
    expect(chains.due(afterSteps(generations[1]?.public ?? first, 5), secret.tip)).toBeUndefined();
  });
});
