import { errorDomain } from '../../primitives/errors.ts';

/** Everything that can go wrong in a single machine's training run. */
export const runError = errorDomain({
  RUN_CHECKPOINT_DAMAGED: { explanation: 'No checkpoint of the run has the bits its manifest names.' },
  RUN_IN_USE: { explanation: 'Another process trains in the same directory.' },
  RUN_INVALID: { explanation: 'The run’s description does not parse.' },
  RUN_MISMATCH: { explanation: 'What was asked for differs from what the run in the directory is.' },
  RUN_MISSING: { explanation: 'The directory holds no run, or a run without a checkpoint.' },
  RUN_TOO_LARGE: { explanation: 'Training the model needs more memory than there is, or than was allowed.' },
  RUN_WRITE_FAILED: { explanation: 'A checkpoint or the run’s description cannot be written.' },
});
