import { errorDomain } from '../../primitives/errors.ts';

export const formatError = errorDomain({
  FORMAT_INVALID: { explanation: 'A checkpoint file is malformed: it contradicts itself, or its format.' },
  FORMAT_UNSUPPORTED: { explanation: 'A checkpoint is well-formed, and holds something other than a Llama-shaped model of this program.' },
  FORMAT_NOT_FOUND: { explanation: 'A folder or file is no checkpoint, or a part of it is missing.' },
});
