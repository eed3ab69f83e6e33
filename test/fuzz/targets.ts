import {
  codecTarget,
  frameTarget,
  helloTarget,
  openingTarget,
  protocolTarget,
  rlpTarget,
  syncTarget,
  updateTarget,
} from './decoder-targets.ts';
import { chatTarget, configTarget, genesisTarget, rpcTarget, transactionTarget } from './document-targets.ts';
import type { FuzzTarget } from './target.ts';

/** All that reads bytes or documents of strangers, by the name that `npm run fuzz -- --target` takes. */
export const FUZZ_TARGETS: Readonly<Record<string, () => FuzzTarget | Promise<FuzzTarget>>> = {
  codec: codecTarget,
  rlp: rlpTarget,
  opening: openingTarget,
  protocol: protocolTarget,
  sync: syncTarget,
  update: updateTarget,
  frame: frameTarget,
  hello: helloTarget,
  transaction: transactionTarget,
  jsonrpc: rpcTarget,
  chat: chatTarget,
  genesis: genesisTarget,
  config: configTarget,
};
