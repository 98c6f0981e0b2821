import { expect, test } from "bun:test";
import { connect } from "node:net";
import { DingError } from "../../../../src/core/errors.ts";
import type { InferRequest, Payload } from "../../../../src/serve/inference.ts";
import { until } from "../../../support/until.ts";
import { TestModels, echoes, post, startOip } from "./oip-server.ts";

const encoder = new TextEncoder();

function piece(value: unknown): Payload {
  return { kind: "values", form: "json", values: [encoder.encode(JSON.stringify(value))] };
}

async function* words(): AsyncGenerator<Payload> {
  for (const word of ["one", "two"]) yield piece({ text_output: word });
}

function eventsOf(text: string): unknown[] {
  const blocks = text.split("\n\n");
  expect(blocks.pop()).toBe("");
  return blocks.map((block) => {
    expect(block).toStartWith("data: ");
    return JSON.parse(block.slice("data: ".length)) as unknown;
  });
}

const told = { model_name: "m", model_version: "1" };

test("generate answers with one object, generate_stream with an event for each piece", async () => {
  const echo = echoes({ text_input: { datatype: "BYTES", shape: [-1, 1] } });
  const models = new TestModels({ m: { stream: words }, echo });
  await using server = await startOip(models);
  const { url } = server;
  const one = await post(`${url}/v2/models/echo/generate`, { id: "1", text_input: "hi", top: 3 });
  expect(one).toMatchObject({
    status: 200,
    body: { model_name: "echo", id: "1", text_input: "hi" },
  });
  expect(models.requests).toMatchObject([{ parameters: { top: 3 }, client: "127.0.0.1" }]);
  const stream = await fetch(`${url}/v2/models/m/generate_stream`, {
    method: "POST",
    body: '{"a":1}',
  });
  expect(stream.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(eventsOf(await stream.text())).toEqual([
    { ...told, text_output: "one" },
    { ...told, text_output: "two" },
  ]);
  const both = await post(`${url}/v2/models/m/generate`, { a: 1 });
  expect(both.body).toEqual({ ...told, a: 1 });
  const single = await post(`${url}/v2/models/echo/generate`, { text_input: 1 });
  expect(single).toMatchObject({ status: 400 });
  const whole = await fetch(`${url}/v2/models/echo/versions/1/generate_stream`, {
    method: "POST",
    body: '{"text_input":"x"}',
  });
  expect(eventsOf(await whole.text())).toMatchObject([{ text_input: "x" }]);
});

test("generate refuses a model that answers in several pieces, and cancels the rest", async () => {
  let isEnded = false;
  async function* stream(): AsyncGenerator<Payload> {
    try {
      yield* words();
    } finally {
      isEnded = true;
    }
  }
  const models = new TestModels({ m: { stream, facts: { predicts: false } } });
  await using server = await startOip(models);
  const { status, body } = await post(`${server.url}/v2/models/m/generate`, {});
  expect([status, body["error"]]).toEqual([
    400,
    'Cannot generate with model "m": it answers in more than one piece. Use generate_stream.',
  ]);
  expect(isEnded).toBe(true);
  expect(models.requests[0]?.signal?.aborted).toBe(true);
});

test("generate_stream answers an error before the first piece with its status, a later one in the stream", async () => {
  // oxlint-disable-next-line require-yield -- it never comes to that
  async function* early(): AsyncGenerator<Payload> {
    throw new DingError("queue.full", "Full", { details: { retryAfterMs: 2_000 } });
  }
  async function* late(): AsyncGenerator<Payload> {
    yield piece("a");
    throw new DingError("task.failed", "Cannot go on");
  }
  await using server = await startOip(
    new TestModels({ early: { stream: early }, m: { stream: late } }),
  );
  const refused = await post(`${server.url}/v2/models/early/generate_stream`, {});
  expect(refused).toMatchObject({ status: 429, body: { error: "Full" } });
  expect(refused.headers.get("retry-after")).toBe("2");
  const broken = await fetch(`${server.url}/v2/models/m/generate_stream`, {
    method: "POST",
    body: "{}",
  });
  expect(broken.status).toBe(200);
  expect(eventsOf(await broken.text())).toEqual([
    { ...told, text_output: "a" },
    { error: "Cannot go on" },
  ]);
});

/** Pieces without end; the first at once, the others when they are asked for. */
function endless(text: string): {
  stream: (request: InferRequest) => AsyncIterable<Payload>;
  given: () => number;
  isLeft: () => boolean;
} {
  let given = 0;
  let isLeft = false;
  return {
    given: () => given,
    isLeft: () => isLeft,
    async *stream({ signal }) {
      signal?.addEventListener("abort", () => (isLeft = true), { once: true });
      while (!signal?.aborted) {
        given += 1;
        yield piece(text);
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new DingError("task.cancelled", "Cancelled");
    },
  };
}

test("generate_stream asks for no more than a slow reader takes, and answers others meanwhile", async () => {
  const model = endless("x".repeat(64 * 1024));
  await using server = await startOip(new TestModels({ m: model, quick: { stream: words } }));
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  const body = "{}";
  socket.write(
    `POST /v2/models/m/generate_stream HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  let last = -1;
  let still = 0;
  await until(
    () => {
      still = model.given() === last && last > 0 ? still + 1 : 0;
      last = model.given();
      return still >= 20;
    },
    { timeoutMs: 15_000, what: "the stream to stand still" },
  );
  // What the system's sockets hold, and no more.
  expect(model.given() * 64).toBeLessThan(32 * 1024);
  const quick = await fetch(`${server.url}/v2/models/quick/generate_stream`, {
    method: "POST",
    body,
  });
  expect(eventsOf(await quick.text())).toHaveLength(2);
  expect(model.isLeft()).toBe(false);
  socket.destroy();
  await until(() => model.isLeft());
});

test("generate_stream cancels when its client is gone, before the first piece too", async () => {
  const model = endless("x");
  let isAsked = false;
  let isLeft = false;
  const silent = {
    // oxlint-disable-next-line require-yield -- it never comes to that
    async *stream({ signal }: InferRequest): AsyncGenerator<Payload> {
      isAsked = true;
      await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
      isLeft = true;
      throw new DingError("task.cancelled", "Cancelled");
    },
  };
  await using server = await startOip(new TestModels({ m: model, silent }));
  const leaving = new AbortController();
  const { signal } = leaving;
  const init = { method: "POST", body: "{}", signal };
  const stream = await fetch(`${server.url}/v2/models/m/generate_stream`, init);
  await stream.body?.getReader().read();
  const waiting = fetch(`${server.url}/v2/models/silent/generate_stream`, init);
  waiting.catch(() => {});
  await until(() => isAsked);
  leaving.abort();
  await until(() => isLeft && model.isLeft());
});
