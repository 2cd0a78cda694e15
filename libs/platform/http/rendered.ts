/** A reply body that is JSON text already, and the facts its headers are made of. */
export class Rendered {
  /** The version of a single record: the id of the entry that last changed it. Becomes the ETag. */
  readonly version?: string;
  /** Set where the reply is 201: becomes the Location below the request's path. */
  readonly createdId?: number;

  constructor(
    readonly json: string,
    facts: { version?: string; createdId?: number } = {},
  ) {
    this.version = facts.version;
    this.createdId = facts.createdId;
  }
}
