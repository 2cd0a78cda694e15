import { DomainError } from '#kernel';

/** A key that is taken: what is stored under one never changes. */
export class ObjectExistsError extends Error {
  constructor(readonly key: string) {
    super(`There is an object under ${key} already.`);
    this.name = 'ObjectExistsError';
  }
}

/** Nothing is stored under a key whose object was to be changed. */
export class ObjectMissingError extends Error {
  constructor(readonly key: string) {
    super(`There is no object under ${key}.`);
    this.name = 'ObjectMissingError';
  }
}

/** An object of a cold class that has no readable copy now: `restore` asks for one. A 503 where nobody expects it. */
export class ObjectColdError extends DomainError {
  constructor(readonly key: string) {
    super('service.unavailable', 'The object is kept cold and must be restored before it can be read.');
    this.name = 'ObjectColdError';
  }
}

/** An object that may not be removed, before `until` where that is known. A 503 where nobody expects it. */
export class ObjectLockedError extends DomainError {
  constructor(
    readonly key: string,
    readonly until?: Date,
  ) {
    super('service.unavailable', 'The object is locked and can not be removed now.');
    this.name = 'ObjectLockedError';
  }
}
