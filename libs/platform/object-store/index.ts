export { ObjectExistsError } from './object-exists.error';
export { isKey, ObjectStore, type ListedObject, type ObjectFacts, type PutOptions } from './object-store';
export { openObjectStore } from './open-store';
