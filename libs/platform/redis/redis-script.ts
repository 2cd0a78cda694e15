import { createHash } from 'node:crypto';

/** What a server does in one atomic step, in Lua. */
export class RedisScript {
  /** What EVALSHA calls it. */
  readonly sha: string;

  constructor(readonly text: string) {
    this.sha = createHash('sha1').update(text).digest('hex');
  }
}
