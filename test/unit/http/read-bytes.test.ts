import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { readBytes } from "../../../src/http/read-bytes.ts";

test.each([[{}], [{ "content-length": "2" }]])(
  "readBytes() gives up on a body that does not come, with headers %j",
  async (headers: Record<string, string>) => {
    const body = new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(1)) });
    const init = { method: "POST", headers, body, duplex: "half" };
    const request = new Request("http://127.0.0.1/", init as RequestInit);
    const error = await readBytes(request, 100, 30).catch((thrown: DingError) => thrown);
    expect(error).toMatchObject({ code: "http.too-slow", hint: expect.any(String) });
  },
);

test("readBytes() says what to do about a body that is too long", async () => {
  const request = new Request("http://127.0.0.1/", { method: "POST", body: "12345" });
  const error = await readBytes(request, 4).catch((thrown: DingError) => thrown);
  expect(error).toMatchObject({
    code: "http.too-large",
    hint: expect.stringContaining("--body-limit-bytes"),
  });
});
