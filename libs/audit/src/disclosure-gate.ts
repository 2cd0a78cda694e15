import { Injectable } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { AuditWriter } from './audit-writer';
import { factsOf } from './entry';

/**
 * Holds every reply until the entries that name what it shows are durable (P2). The HTTP server asks it last of all, after
 * handlers of whatever kind; when it rejects, the server throws the reply away unseen and answers 503.
 */
@Injectable()
export class DisclosureGate {
  constructor(private readonly writer: AuditWriter) {}

  /** Resolves when the reply may leave; undefined where it shows nothing of record. Each disclosure is written once. */
  release(context: RequestContext): Promise<unknown> | undefined {
    const [only, ...others] = context.disclosures.splice(0);
    if (!only) return undefined;
    if (others.length === 0) return this.writer.record(context, factsOf(only));
    return Promise.all([only, ...others].map((shown) => this.writer.record(context, factsOf(shown))));
  }
}
