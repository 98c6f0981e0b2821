import { hostname } from "node:os";
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

interface Attribute {
  key: string;
  value: Record<string, string | number | boolean>;
}

/** One span in OTLP's JSON: opentelemetry.io/docs/specs/otlp. */
interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  status: { code: number; message?: string };
}

const KINDS = { internal: 1, server: 2 } as const;
const STATUS = { UNSET: 0, ERROR: 2 } as const;
const BYTES = { trace: 16, span: 8 };

/** The body of a request that exports these; undefined when their callers sample none of them. */
export function otlpRequest(facts: readonly SpanFacts[], source: OtlpSource): object | undefined {
  const spans: Span[] = [];
  for (const each of facts) {
    const parent = readTraceParent(each.traceparent);
    if (parent && !parent.isSampled) continue;
    const traceId = parent?.traceId ?? randomHex(BYTES.trace);
    addSpans(each, { traceId, parentSpanId: parent?.spanId }, spans);
  }
  if (spans.length === 0) return undefined;
  const { service, version, boot } = source;
  const resource = attributesOf({
    "service.name": service,
    "service.version": version,
    "service.instance.id": boot,
    "host.name": hostname(),
    "process.pid": process.pid,
  });
  const scopeSpans = [{ scope: { name: "ding", version }, spans }];
  return { resourceSpans: [{ resource: { attributes: resource }, scopeSpans }] };
}

interface Place {
  readonly traceId: string;
  readonly parentSpanId: string | undefined;
}

function addSpans(facts: SpanFacts, { traceId, parentSpanId }: Place, into: Span[]): void {
  const { name, kind, startMs, endMs, attributes, error, children = [] } = facts;
  const spanId = randomHex(BYTES.span);
  into.push({
    traceId,
    spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanosOf(startMs),
    endTimeUnixNano: nanosOf(endMs),
    attributes: attributesOf({ ...attributes, "error.type": error?.type }),
    status: error ? { code: STATUS.ERROR, message: error.message } : { code: STATUS.UNSET },
  });
  for (const child of children) addSpans(child, { traceId, parentSpanId: spanId }, into);
}

function attributesOf(values: SpanFacts["attributes"]): Attribute[] {
  const attributes: Attribute[] = [];
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    if (typeof value === "string") attributes.push({ key, value: { stringValue: value } });
    else if (typeof value === "boolean") attributes.push({ key, value: { boolValue: value } });
    else if (Number.isSafeInteger(value)) attributes.push({ key, value: { intValue: value } });
    else attributes.push({ key, value: { doubleValue: value } });
  }
  return attributes;
}

/** A number has room for microseconds since 1970, not for nanoseconds. */
function nanosOf(ms: number): string {
  return `${Math.round(ms * 1_000)}000`;
}

function randomHex(bytes: number): string {
  return crypto.getRandomValues(Buffer.alloc(bytes)).toString("hex");
}
