import { afterAll, beforeAll } from 'vitest';
import { openApi } from '../../src/api/testing/node.ts';
import { agree } from '../../src/chain/testing/network.ts';

export interface LiveNode {
  /** `http://…` and `ws://…` */
  readonly http: string;
  readonly ws: string;
}

/**
 * One node for all tests of a file: a real chain behind a real API server. A block is made as soon as there is a transaction for
 * it, so no test waits for a clock.
 */
export function liveNode(): LiveNode {
  let url: string | undefined;
  let stop: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    const node = await openApi();
    let tail: Promise<unknown> = Promise.resolve();
    node.transactions.onAdded(() => {
      tail = tail.then(() => agree(node));
    });
    url = node.url;
    stop = async () => {
      await tail;
      await node.server.stop();
    };
  });
  afterAll(() => stop?.());

  const address = () => {
    if (url === undefined) throw new Error('the node runs only inside tests');
    return url;
  };
  return {
    get http() {
      return address();
    },
    get ws() {
      return address().replace('http', 'ws');
    },
  };
}
