import type { LearningService } from '../../learning/types.ts';

/** A learning service that fails a test which calls what it did not provide. */
export function fakeLearning(parts: Partial<LearningService>): LearningService {
  const missing = (name: string) => async () => {
    throw new Error(`the test did not expect a call of ${name}`);
  };
  return {
    backendName: 'fake',
    parameters: 1,
    current: missing('current'),
    boundary: missing('boundary'),
    commitBoundary: missing('commitBoundary'),
    updateIsValid: missing('updateIsValid'),
    train: missing('train'),
    finishTraining: missing('finishTraining'),
    obtain: missing('obtain'),
    check: missing('check'),
    measureUpdates: missing('measureUpdates'),
    evaluate: missing('evaluate'),
    heldModels: missing('heldModels'),
    heldStarts: missing('heldStarts'),
    importSnapshot: missing('importSnapshot'),
    settledWeightsPath: missing('settledWeightsPath'),
    close: async () => {},
    ...parts,
  };
}
