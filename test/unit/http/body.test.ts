import { describe, expect, test } from "bun:test";
import { createApp, type App } from "../../../src/http/app.ts";
import { answer, readBody } from "../../../src/http/body.ts";
import { msgpack } from "../../../src/protocol/codec.ts";

function makeApp(): App {
  const app = createApp({ health: { isLive: () => true, isReady: () => true } });
  app.get("/status", (context) => answer(context, { state: "running", at: Number.NaN }));
  app.post("/echo", async (context) =>
    answer(context, await readBody(context, { limitBytes: 64 })),
  );
  app.post("/python", async (context) =>
    answer(context, String(Object.values((await readBody(context, { json: "python" })) as object))),
  );
  return app;
}

describe("bodies", () => {
  const packed = msgpack.encode({ a: [1, "é"] });
  const table: {
    name: string;
    body?: BodyInit;
    type?: string;
    headers?: Record<string, string>;
    status: number;
    told: unknown;
  }[] = [
    {
      name: "JSON",
      body: '{"a":[1,"é"]}',
      type: "application/json",
      status: 200,
      told: { a: [1, "é"] },
    },
    {
      name: "JSON with a charset",
      body: "1",
      type: "Application/JSON; charset=utf-8",
      status: 200,
      told: 1,
    },
    { name: "JSON of a dialect", body: "1", type: "application/x.y+json", status: 200, told: 1 },
    { name: "JSON without a type", body: Buffer.from("[0]"), status: 200, told: [0] },
    {
      name: "msgpack",
      body: packed,
      type: "application/msgpack",
      status: 200,
      told: { a: [1, "é"] },
    },
    {
      name: "msgpack by its old name",
      body: packed,
      type: "application/x-msgpack",
      status: 200,
      told: { a: [1, "é"] },
    },
    { name: "no body", status: 200, told: null },
    {
      name: "what is packed in no way",
      body: "1",
      headers: { "Content-Encoding": "Identity" },
      status: 200,
      told: 1,
    },
    {
      name: "64 bytes",
      body: Buffer.from(`"${"x".repeat(62)}"`),
      status: 200,
      told: "x".repeat(62),
    },
    {
      name: "65 bytes",
      body: Buffer.from(`"${"x".repeat(63)}"`),
      status: 413,
      told: "Cannot read body: longer than 64 bytes",
    },
    {
      name: "another type",
      body: "a=1",
      type: "text/csv",
      status: 415,
      told: 'Cannot read body of type "text/csv"',
    },
    {
      name: "zipped JSON",
      body: "1",
      type: "application/json",
      headers: { "content-encoding": "gzip" },
      status: 415,
      told: 'Cannot read body with encoding "gzip"',
    },
    {
      name: "broken JSON",
      body: "{",
      type: "application/json",
      status: 400,
      told: expect.stringContaining("Cannot read body as JSON: "),
    },
    {
      name: "NaN",
      body: "NaN",
      type: "application/json",
      status: 400,
      told: expect.stringContaining("Cannot read body as JSON: "),
    },
    {
      name: "broken UTF-8",
      body: Uint8Array.of(0x22, 0xff, 0x22),
      status: 400,
      told: expect.stringContaining("Cannot read body as JSON: "),
    },
    {
      name: "broken msgpack",
      body: packed.slice(0, -1),
      type: "application/msgpack",
      status: 400,
      told: "Cannot read body as msgpack: the bytes end too early",
    },
  ];
  for (const { name, body, type, headers = {}, status, told } of table) {
    test(`readBody() gives ${status} for ${name}`, async () => {
      const response = await makeApp().request("/echo", {
        method: "POST",
        headers: { ...headers, ...(type === undefined ? {} : { "content-type": type }) },
        ...(body === undefined ? {} : { body }),
      });
      expect(response.status).toBe(status);
      const value = (await response.json()) as { message?: unknown };
      expect(status === 200 ? value : value.message).toEqual(told);
    });
  }

  test("readBody() in Python's dialect takes NaN, and JSON of any type", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json"]) {
      const response = await makeApp().request("/python", {
        method: "POST",
        headers: { "content-type": type },
        body: '{"a":NaN,"b":-Infinity}',
      });
      expect(await response.json()).toBe("NaN,-Infinity");
    }
  });

  test("readBody() stops reading a body without a length where the limit is passed", async () => {
    let pulled = 0;
    let isCancelled = false;
    const body = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(32));
      },
      cancel: () => void (isCancelled = true),
    });
    const response = await makeApp().request("/echo", { method: "POST", body });
    expect(response.status).toBe(413);
    expect(isCancelled).toBe(true);
    expect(pulled).toBeLessThan(10);
  });

  test("readBody() reads a body without a length", async () => {
    const body = new Blob(["[1", ",2]"]).stream();
    const response = await makeApp().request("/echo", { method: "POST", body });
    expect(await response.json()).toEqual([1, 2]);
  });
});

describe("answers", () => {
  const table: [accept: string | undefined, type: string][] = [
    [undefined, "application/json"],
    ["*/*", "application/json"],
    ["text/html", "application/json"],
    ["application/json", "application/json"],
    ["application/msgpack", "application/msgpack"],
    ["application/x-msgpack", "application/msgpack"],
    ["application/msgpack, */*", "application/msgpack"],
    ["application/json, application/msgpack", "application/msgpack"],
    ["application/json, application/msgpack;q=0.5", "application/json"],
    ["application/json;q=0.5, application/msgpack;q=0.9", "application/msgpack"],
    ["application/msgpack;q=0", "application/json"],
  ];
  for (const [accept, type] of table) {
    test(`answer() is ${type} where ${accept ?? "nothing"} is accepted`, async () => {
      const headers: Record<string, string> = accept === undefined ? {} : { accept };
      for (const path of ["/status", "/nothing"]) {
        const response = await makeApp().request(path, { headers });
        expect(response.headers.get("content-type")).toBe(type);
        const bytes = new Uint8Array(await response.arrayBuffer());
        const value = type.includes("json")
          ? JSON.parse(new TextDecoder().decode(bytes))
          : msgpack.decode(bytes);
        const state = { state: "running", at: type.includes("json") ? null : Number.NaN };
        if (path === "/status") expect(value).toEqual(state);
        else expect(value.data.error.code).toBe("http.not-found");
      }
    });
  }
});
