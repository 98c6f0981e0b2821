/** A span as a collector gets it. */
export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code: number; message?: string };
  attributes: Record<string, unknown>;
  /** Of who sent it. */
  resource: Record<string, unknown>;
}

type Attributes = { key: string; value: Record<string, unknown> }[];

interface ExportRequest {
  resourceSpans: {
    resource: { attributes: Attributes };
    scopeSpans: { spans: (Omit<CollectedSpan, "attributes"> & { attributes: Attributes })[] }[];
  }[];
}

/** A small OTLP/HTTP collector on a free port, or on `port`. */
export class Collector implements AsyncDisposable {
  readonly spans: CollectedSpan[] = [];
  readonly paths: string[] = [];
  /** Of each request. */
  readonly headers: Headers[] = [];
  /** What it answers with. */
  status = 200;
  /** Answers wait for it. */
  gate: Promise<void> = Promise.resolve();
  readonly #server: Bun.Server<undefined>;

  constructor({ port = 0 }: { port?: number } = {}) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch: async (request) => {
        this.paths.push(new URL(request.url).pathname);
        this.headers.push(request.headers);
        const sent = (await request.json()) as ExportRequest;
        await this.gate;
        if (this.status === 200) this.#take(sent);
        return Response.json({}, { status: this.status });
      },
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  #take({ resourceSpans }: ExportRequest): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({
          ...span,
          attributes: recordOf(span.attributes),
          resource: recordOf(resource.attributes),
        });
      }
    }
  }
}

function recordOf(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
