import type { WalletView } from '../chain/view.ts';
import type { ExecutionEngine } from '../execution/engine.ts';
import { signTransaction } from '../execution/transactions.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Signer } from '../primitives/keys.ts';
import { WEI_PER_GWEI } from '../primitives/units.ts';

/** Enough to be included at once on a chain whose blocks are rarely full. */
const DEFAULT_PRIORITY_FEE_WEI = WEI_PER_GWEI;

/** Sends from the node's own account. */
export function createWallet(
  options: { readonly chainId: number },
  dependencies: {
    readonly signer: Signer;
    readonly execution: ExecutionEngine;
    readonly pendingNonce: (address: Uint8Array) => Promise<bigint>;
    readonly submit: (raw: Uint8Array) => Promise<Hash>;
  },
): WalletView {
  const { signer, execution, pendingNonce, submit } = dependencies;
  // One at a time, so that two requests do not take the same nonce.
  let tail: Promise<unknown> = Promise.resolve();

  async function send(request: Parameters<WalletView['send']>[0]): Promise<Hash> {
    const priority = request.maxPriorityFeePerGas ?? DEFAULT_PRIORITY_FEE_WEI;
    const call = {
      from: signer.address,
      ...(request.to === undefined ? {} : { to: request.to }),
      ...(request.value === undefined ? {} : { value: request.value }),
      ...(request.data === undefined ? {} : { data: request.data }),
      ...(request.accessList === undefined ? {} : { accessList: request.accessList }),
    };
    const gasLimit = request.gas ?? (await execution.reader.estimateGas(call));
    const raw = signTransaction(
      {
        chainId: options.chainId,
        nonce: request.nonce ?? (await pendingNonce(signer.address)),
        gasLimit,
        // Twice the base fee outlasts six full blocks (EIP-1559); what is not needed is not charged.
        maxFeePerGas: request.maxFeePerGas ?? 2n * execution.head.nextBaseFeePerGas + priority,
        maxPriorityFeePerGas: priority,
        to: request.to,
        value: request.value ?? 0n,
        data: request.data ?? new Uint8Array(0),
        accessList: request.accessList ?? [],
      },
      signer,
    );
    return submit(raw);
  }

  return {
    address: signer.address,
    sign: signer.sign,
    send(request) {
      const result = tail.then(() => send(request));
      tail = result.catch(() => {});
      return result;
    },
  };
}
