/** Where the system contracts live from the first block on: "POL stake" and "POL view" in ASCII. Nobody has their keys. */
export const STAKE_CONTRACT = '0x0000000000000000000000504f4c207374616b65' as const;
export const TRAINING_CONTRACT = '0x000000000000000000000000504f4c2076696577' as const;
