/** A key that is taken: what is stored under one never changes. */
export class ObjectExistsError extends Error {
  constructor(readonly key: string) {
    super(`There is an object under ${key} already.`);
    this.name = 'ObjectExistsError';
  }
}
