import { Injectable } from '@nestjs/common';
import type { Disclosure, RequestContext } from '#platform/context';
import { AuditWriter } from './audit-writer';
import { BreakGlassService } from './break-glass.service';
import { factsOf } from './entry';

/**
 * Holds every reply until the entries that name what it shows are durable (P2). The HTTP server asks it last of all, after
 * handlers of whatever kind; when it rejects, the server throws the reply away unseen and answers 503.
 */
@Injectable()
export class DisclosureGate {
  constructor(
    private readonly writer: AuditWriter,
    private readonly breakGlass: BreakGlassService,
  ) {}

  /** Resolves when the reply may leave; undefined where it shows nothing of record. Each disclosure is written once. */
  release(context: RequestContext): Promise<unknown> | undefined {
    const [only, ...others] = context.disclosures.splice(0);
    if (!only) return undefined;
    if (context.actor?.breaksGlass) return this.recordOneByOne(context, [only, ...others]);
    if (others.length === 0) return this.writer.record(context, factsOf(only));
    return Promise.all([only, ...others].map((shown) => this.writer.record(context, factsOf(shown))));
  }

  /** Each is a transaction of its own, and a context has one at a time. */
  private async recordOneByOne(context: RequestContext, disclosures: Disclosure[]): Promise<void> {
    for (const shown of disclosures) await this.breakGlass.record(context, shown);
  }
}
