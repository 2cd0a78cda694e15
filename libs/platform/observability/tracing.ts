import type { Attributes, TextMapPropagator, Tracer } from '@opentelemetry/api';
import { defaultTextMapGetter, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import type { Config } from '#platform/config';
import { Trace } from './trace';

type Settings = Pick<
  Config,
  'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_EXPORTER_OTLP_HEADERS' | 'OTEL_SERVICE_NAME' | 'OTEL_TRACES_SAMPLER_ARG'
>;

/** Spans that wait to be exported; more are dropped, so that a collector that is away costs no memory. */
const maxWaiting = 2_048;
/** How long spans are collected, in ms, and how long an export may take. */
const collectingMs = 1_000;
const exportMs = 5_000;
/** How long the end of the process waits for the last of them, in ms. */
const lastMs = 2_000;

/** Makes traces and sends them to a collector (OTLP over HTTP). There is one where OTEL_EXPORTER_OTLP_ENDPOINT is set. */
export class Tracing {
  private constructor(
    private readonly tracer: Tracer,
    private readonly propagator: TextMapPropagator,
    private readonly shutDown: () => Promise<void>,
  ) {}

  /** Undefined where traces are off; then none of the packages is even loaded. */
  static async of(config: Settings): Promise<Tracing | undefined> {
    const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = config;
    if (endpoint === undefined) return undefined;
    const { BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } =
      await import('@opentelemetry/sdk-trace-base');
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
    const { resourceFromAttributes } = await import('@opentelemetry/resources');
    const { W3CTraceContextPropagator } = await import('@opentelemetry/core');
    const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
    const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: exportMs });
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': config.OTEL_SERVICE_NAME }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.OTEL_TRACES_SAMPLER_ARG) }),
      spanProcessors: [
        new BatchSpanProcessor(exporter, { maxQueueSize: maxWaiting, scheduledDelayMillis: collectingMs }),
      ],
    });
    return new Tracing(provider.getTracer('ip2a'), new W3CTraceContextPropagator(), () => provider.shutdown());
  }

  /** The trace of a request, going on with that of `headers` where those may be believed. Undefined where it is not sampled. */
  request(name: string, attributes: Attributes, headers?: Record<string, unknown>): Trace | undefined {
    const parent = headers ? this.propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter) : ROOT_CONTEXT;
    const span = this.tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    return span.isRecording() ? new Trace(this.tracer, span) : undefined;
  }

  /** Sends what is left, if somebody takes it in time. */
  async stop(): Promise<void> {
    let giveUp: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (giveUp = setTimeout(resolve, lastMs)));
    await Promise.race([this.shutDown().catch(() => {}), late]);
    clearTimeout(giveUp);
  }
}
