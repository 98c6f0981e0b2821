import { expect, test } from "bun:test";
import { browserFault } from "../../../src/http/browser-fault.ts";

const request = (headers: Record<string, string>): Request =>
  new Request("http://127.0.0.1/status", { headers });

test.each([
  [{ host: "127.0.0.1:7236" }, true],
  [{ host: "localhost:7236" }, true],
  [{ host: "[::1]:7236" }, true],
  [{ host: "127.5.0.1" }, true],
  [{}, true],
  [{ host: "evil.example:7236" }, false],
  [{ host: "127.0.0.1.evil.example" }, false],
  [{ host: "10.0.0.5:7236" }, false],
])("browserFault() on loopback without a token: %j", (headers, isAllowed) => {
  for (const isUpgrade of [false, true]) {
    const fault = browserFault(request(headers), isUpgrade, {
      host: "127.0.0.1",
      token: undefined,
    });
    expect(fault === undefined).toBe(isAllowed);
  }
});

test("browserFault() lets any name pass where a token is asked for or others are meant to come", () => {
  const named = request({ host: "rack.example" });
  expect(browserFault(named, false, { host: "127.0.0.1", token: "t" })).toBeUndefined();
  expect(browserFault(named, false, { host: "0.0.0.0", token: undefined })).toBeUndefined();
});

test("browserFault() refuses the upgrade of a page, and lets it fetch", () => {
  const paged = request({ host: "127.0.0.1", origin: "https://evil.example" });
  for (const token of [undefined, "t"]) {
    expect(browserFault(paged, true, { host: "0.0.0.0", token })?.code).toBe("auth.refused");
    expect(browserFault(paged, false, { host: "0.0.0.0", token })).toBeUndefined();
  }
});
