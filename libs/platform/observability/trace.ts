import type { Attributes, Span, Tracer } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode, context as none, trace } from '@opentelemetry/api';

/** A part of the work for a request, while it lasts. */
export interface TracePart {
  /** Ends it; `failure` is a word for what went wrong, never a message, which may quote a record. */
  end(failure?: string): void;
}

/**
 * The trace of one request, carried by its context; a request that is not traced has none, which costs one look. It tells what was done
 * and how long it took, by names of operations and tables: no value, address, person or message.
 */
export class Trace {
  constructor(
    private readonly tracer: Tracer,
    readonly span: Span,
  ) {}

  begin(name: string, attributes: Attributes = {}): TracePart {
    const parent = trace.setSpan(none.active(), this.span);
    const part = this.tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes }, parent);
    return { end: (failure) => endSpan(part, failure) };
  }

  /** Work that is done for several requests together: a trace of its own, linked to theirs. */
  beginShared(name: string, sharing: readonly Trace[], attributes: Attributes = {}): TracePart {
    const links = sharing.map(({ span }) => ({ context: span.spanContext() }));
    const part = this.tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes, links, root: true });
    return { end: (failure) => endSpan(part, failure) };
  }

  /** A statement, by its verb and its first table. */
  beginStatement(sql: string): TracePart {
    const [, verb = 'SELECT'] = /^\s*(\w+)/.exec(sql) ?? [];
    const [, table] = /\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?([a-z_][a-z0-9_]*)\b/.exec(sql) ?? [];
    return this.begin(table ? `${verb} ${table}` : verb, {
      'db.system.name': 'postgresql',
      'db.operation.name': verb,
      ...(table ? { 'db.collection.name': table } : {}),
    });
  }

  end(attributes: Attributes, failure?: string): void {
    this.span.setAttributes(attributes);
    endSpan(this.span, failure);
  }
}

function endSpan(span: Span, failure?: string): void {
  if (failure !== undefined) {
    span.setAttribute('error.type', failure);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}
