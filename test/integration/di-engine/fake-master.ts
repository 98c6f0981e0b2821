import { until } from "../../support/until.ts";

/** A request that a slave sent to its master. */
export interface Heard {
  method: string;
  path: string;
  token: string | null;
  channel: string | null;
  body: { task?: { id: string }; result?: unknown };
}

/** What the fake answers to a request; a Response, or nothing for success. */
export type Answer = (heard: Heard) => Response | undefined | Promise<Response | undefined>;

/** A master of the HTTP dialect that does as it is told. */
export class FakeMaster implements Disposable {
  readonly heard: Heard[] = [];
  answer: Answer = () => undefined;
  readonly #server: Bun.Server<undefined>;

  constructor(port = 0) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch: async (request) => {
        const heard: Heard = {
          method: request.method,
          path: new URL(request.url).pathname,
          token: request.headers.get("token"),
          channel: request.headers.get("channel"),
          body: request.method === "PUT" ? ((await request.json()) as Heard["body"]) : {},
        };
        this.heard.push(heard);
        return (await this.answer(heard)) ?? success();
      },
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get results(): Heard[] {
    return this.heard.filter(({ method }) => method === "PUT");
  }

  get beats(): number {
    return this.heard.filter(({ path }) => path === "/slave/heartbeat").length;
  }

  /** The first result that comes for this task. */
  async resultOf(id: string): Promise<Heard> {
    return until(() => this.results.find(({ body }) => body.task?.id === id), {
      what: `the result of ${id}`,
    });
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

export function success(): Response {
  return Response.json({ success: true, code: 0, message: "Received!", data: null });
}

export function refusal(status: number, code: number): Response {
  return Response.json({ success: false, code, message: "no", data: null }, { status });
}

/** Speaks to a slave as a DI-engine master does: JSON without a Content-Type. */
export class SlaveCaller {
  readonly #base: string;
  readonly channel: number | string;
  readonly token: string;

  constructor(port: number, { channel, token }: { channel: number | string; token: string }) {
    this.#base = `http://127.0.0.1:${port}`;
    this.channel = channel;
    this.token = token;
  }

  async call(
    method: string,
    path: string,
    body: unknown = {},
  ): Promise<{ status: number; success: boolean; code: number; message: string; data: unknown }> {
    const headers: Record<string, string> = {};
    if (this.channel !== "") headers["Channel"] = String(this.channel);
    if (this.token !== "") headers["Token"] = this.token;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    // A Blob without a type sends none, as Python's requests does.
    const init = method === "GET" ? {} : { body: new Blob([text]) };
    const response = await fetch(`${this.#base}${path}`, { method, headers, ...init });
    const envelope = (await response.json()) as {
      success: boolean;
      code: number;
      message: string;
      data: unknown;
    };
    return { status: response.status, ...envelope };
  }

  connect(master: FakeMaster, data: unknown = {}): ReturnType<SlaveCaller["call"]> {
    return this.call("POST", "/connect", { master: { address: master.address }, data });
  }

  newTask(id: string, data: unknown): ReturnType<SlaveCaller["call"]> {
    return this.call("POST", "/task/new", { task: { id }, data });
  }

  disconnect(): ReturnType<SlaveCaller["call"]> {
    return this.call("DELETE", "/disconnect", { data: {} });
  }
}
