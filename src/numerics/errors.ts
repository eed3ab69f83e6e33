import { errorDomain } from '../primitives/errors.ts';

export const numericsError = errorDomain({
  NUMERICS_BAD_ARGUMENT: { explanation: 'A size, shape, token or setting handed to a kernel is not valid.' },
  NUMERICS_OUT_OF_ARENA: { explanation: 'An operand does not lie inside its arena.' },
  NUMERICS_OUT_OF_MEMORY: { explanation: 'The memory for an arena could not be reserved.' },
  NUMERICS_RELEASED: { explanation: 'The arena was released and may not be used any more.' },
  NUMERICS_BACKEND_UNAVAILABLE: { explanation: 'The wanted backend does not exist on this machine.' },
  NUMERICS_SELF_TEST_FAILED: { explanation: 'A backend computes other bits than the normative reference and may not be used.' },
});
