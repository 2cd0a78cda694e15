export { addressOfHop, canonicalAddress } from './address';
export { controls, disguises, isVisible } from './characters';
export { Calendar } from './calendar';
export { Clock } from './clock';
export { decodeCursor, encodeCursor, foreignCursor, sortOfCursor } from './cursor';
export {
  DomainError,
  ERRORS,
  invalid,
  OutdatedError,
  tellsOfRecords,
  unavailable,
  type ErrorCode,
  type FieldError,
  type Limited,
} from './errors';
export { fitText } from './fit-text';
export { foldText } from './fold';
export { FIRST_NAMES, LAST_NAMES } from './made-up-names';
export { Random } from './random';
export { Turns } from './turns';
