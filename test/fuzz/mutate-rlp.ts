import { decodeRlp, encodeRlp, type RlpItem } from '../../src/codec/rlp.ts';
import { mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

const LENGTHS = [0, 1, 19, 20, 21, 31, 32, 33, 55, 56, 64, 65, 66];

/** One change of the tree that RLP bytes stand for, encoded again; undefined when they stand for none. */
export function mutateRlp(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array | undefined {
  const tree = treeOf(input);
  const donor = treeOf(other) ?? new Uint8Array(0);
  return tree && encodeRlp(changeSomewhere(tree, donor, random));
}

function treeOf(bytes: Uint8Array): RlpItem | undefined {
  try {
    return decodeRlp(bytes);
  } catch {
    return undefined;
  }
}

function changeSomewhere(item: RlpItem, donor: RlpItem, random: Random): RlpItem {
  if (item instanceof Uint8Array || item.length === 0 || random.below(6) === 0) return change(item, donor, random);
  const at = random.below(item.length);
  return item.map((child, i) => (i === at ? changeSomewhere(child, donor, random) : child));
}

function change(item: RlpItem, donor: RlpItem, random: Random): RlpItem {
  if (random.below(5) === 0) return somewhereIn(donor, random);
  if (random.below(8) === 0) return [item];
  if (item instanceof Uint8Array) {
    if (random.below(3) === 0) return new Uint8Array(random.pick(LENGTHS)).fill(random.below(256));
    return mutateBytes(item, donor instanceof Uint8Array ? donor : item, random);
  }
  const list = [...item];
  const at = random.below(list.length + 1);
  switch (random.below(4)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list.splice(at, 0, somewhereIn(donor, random));
      break;
    case 2:
      if (at < list.length) list.push(list[at] as RlpItem);
      break;
    default:
      list.reverse();
  }
  return list;
}

function somewhereIn(item: RlpItem, random: Random): RlpItem {
  if (item instanceof Uint8Array || item.length === 0 || random.below(3) === 0) return item;
  return somewhereIn(random.pick(item), random);
}
