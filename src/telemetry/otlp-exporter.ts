import { hostname } from "node:os";
import type { Context, Span } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { SpanFacts } from "./span-facts.ts";
import { readTraceParent } from "./traceparent.ts";

/** What the collector is told of who sends. */
export interface OtlpSource {
  /** "ding-serve" */
  readonly service: string;
  readonly version: string;
  /** Names this run of the process. */
  readonly boot: string;
}

/** Makes spans of facts, and sends them. */
export interface OtlpExporter {
  /** Rejects when the collector did not take them. A caller that does not sample is honoured: its spans are left out. */
  send(facts: readonly SpanFacts[]): Promise<void>;
  close(): Promise<void>;
}

/** So long one delivery may take, tries again included. */
const TIMEOUT_MS = 2_000;

/** Loads OpenTelemetry, which nobody else does. */
export async function openOtlpExporter(url: URL, source: OtlpSource): Promise<OtlpExporter> {
  const [api, sdk, { OTLPTraceExporter }] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/exporter-trace-otlp-http"),
  ]);
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } = api;
  const ended: ReadableSpan[] = [];
  const provider = new sdk.TracerProvider({
    resource: resourceOf(source),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
    spanProcessors: [
      {
        onStart() {},
        onEnd: (span) => void ended.push(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });
  const tracer = provider.getTracer(source.service, source.version);
  const exporter = new OTLPTraceExporter({ url: url.href, timeoutMillis: TIMEOUT_MS });

  function contextOf({ traceparent }: SpanFacts): Context {
    const parent = readTraceParent(traceparent);
    if (!parent) return ROOT_CONTEXT;
    const { traceId, spanId, isSampled } = parent;
    const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  }

  function record(facts: SpanFacts, context: Context): void {
    const kind = facts.kind === "server" ? SpanKind.SERVER : SpanKind.INTERNAL;
    const attributes = { ...facts.attributes };
    if (facts.error) attributes["error.type"] = facts.error.type;
    const options = { kind, attributes, startTime: facts.startMs };
    const span: Span = tracer.startSpan(facts.name, options, context);
    if (facts.error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: facts.error.message });
    }
    const own = trace.setSpan(context, span);
    for (const child of facts.children ?? []) record(child, own);
    span.end(facts.endMs);
  }

  return {
    async send(facts) {
      for (const each of facts) record(each, contextOf(each));
      const spans = ended.splice(0);
      if (spans.length === 0) return;
      await new Promise<void>((resolve, reject) => {
        exporter.export(spans, ({ error, code }) => {
          if (code === 0) resolve();
          else reject(error ?? new Error("the collector did not take them"));
        });
      });
    },
    async close() {
      await provider.shutdown();
      await exporter.shutdown();
    },
  };
}

/** As the package `resources` would make it, of which nothing else is needed. */
function resourceOf({ service, version, boot }: OtlpSource): ReadableSpan["resource"] {
  const attributes = {
    "service.name": service,
    "service.version": version,
    "service.instance.id": boot,
    "host.name": hostname(),
    "process.pid": process.pid,
  };
  const resource: ReadableSpan["resource"] = {
    attributes,
    merge: () => resource,
    getRawAttributes: () => Object.entries(attributes),
  };
  return resource;
}
