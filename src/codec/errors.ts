import { errorDomain } from '../primitives/errors.ts';

/** Bytes that are not the one canonical encoding of a value, or a value that has no encoding. `data.path` names the field. */
export const codecError = errorDomain({
  CODEC_MALFORMED: {
    explanation: 'The bytes are not canonical RLP: truncated, trailing bytes, a longer form than needed, or too deep.',
    http: 400,
  },
  CODEC_WRONG_SHAPE: {
    explanation: 'A list stands where bytes belong, or the reverse, or a structure has another number of fields.',
    http: 400,
  },
  CODEC_WRONG_LENGTH: { explanation: 'A value of fixed length has another length.', http: 400 },
  CODEC_BAD_INTEGER: { explanation: 'An integer has leading zeros, or lies outside its range.', http: 400 },
  CODEC_BAD_FLOAT: { explanation: 'A 32-bit float is not finite, or a number is not representable as one.', http: 400 },
  CODEC_UNKNOWN_TAG: { explanation: 'A tagged value has a tag that this version does not know.', http: 400 },
  CODEC_NOT_ASCENDING: { explanation: 'A sorted list is out of order or repeats a key.', http: 400 },
  CODEC_TOO_LARGE: { explanation: 'A list, byte string or message is above its limit.', http: 413 },
});

/** Why a certificate does not prove finality. */
export const certificateError = errorDomain({
  CERTIFICATE_NO_QUORUM: { explanation: 'Fewer than 67 % of the authorities signed.', http: 400 },
  CERTIFICATE_NOT_ASCENDING: { explanation: 'Signatures are not in ascending order of distinct authorities.', http: 400 },
  CERTIFICATE_UNKNOWN_AUTHORITY: { explanation: 'A signature is by someone who is not an authority.', http: 400 },
  CERTIFICATE_BAD_SIGNATURE: { explanation: 'A signature is not by its authority over the precommit.', http: 400 },
});
