export { ObjectColdError, ObjectExistsError, ObjectLockedError, ObjectMissingError } from './object.error';
export { isCold, isKey, ObjectStore, type ListedObject, type PutOptions, type StorageClass } from './object-store';
export { openObjectStore } from './open-store';
