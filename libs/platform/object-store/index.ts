export { ObjectColdError, ObjectExistsError, ObjectLockedError, ObjectMissingError } from './object.error';
export {
  isCold,
  isKey,
  ObjectStore,
  type ListedObject,
  type ObjectFacts,
  type PutOptions,
  type RestoreOptions,
  type RestoreState,
  type StorageClass,
  type StoreSettings,
} from './object-store';
export { openObjectStore } from './open-store';
