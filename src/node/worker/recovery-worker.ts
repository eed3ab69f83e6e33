import { recoverKeys } from '../../execution/crypto.ts';
import { hostService } from './host.ts';

/** Recovers public keys from signatures, and does nothing else. */
export interface RecoveryService {
  recover(recoveries: Uint8Array): Promise<Uint8Array>;
}

hostService(async (): Promise<RecoveryService> => ({ recover: async (recoveries) => recoverKeys(recoveries) }));
