import { expect, test } from "bun:test";
import type { DingError } from "../../../../src/core/errors.ts";
import { clientSettings, type ClientOptions } from "../../../../src/serve/client/options.ts";
import { parseServer } from "../../../../src/serve/client/server-address.ts";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    return (thrown as DingError).code;
  }
  return "none";
}

test("parseServer() reads hosts, ports and URLs", () => {
  const rows: [string, string, string][] = [
    ["n1", "n1:8900", "ws://n1:8900/serve/session"],
    ["n1:9000", "n1:9000", "ws://n1:9000/serve/session"],
    ["::1", "[::1]:8900", "ws://[::1]:8900/serve/session"],
    ["[::1]:7", "[::1]:7", "ws://[::1]:7/serve/session"],
    ["http://n1:9000/", "n1:9000", "ws://n1:9000/serve/session"],
    ["https://n1", "n1:443", "wss://n1:443/serve/session"],
    ["http://n1", "n1:80", "ws://n1:80/serve/session"],
    ["wss://n1:1/a/b/", "n1:1", "wss://n1:1/a/b/serve/session"],
    ["0.0.0.0:5", "127.0.0.1:5", "ws://127.0.0.1:5/serve/session"],
    ["http://0.0.0.0:5", "127.0.0.1:5", "ws://127.0.0.1:5/serve/session"],
    ["[::]:5", "[::1]:5", "ws://[::1]:5/serve/session"],
    ["http://[::1]:7", "[::1]:7", "ws://[::1]:7/serve/session"],
  ];
  for (const [text, name, sessionUrl] of rows) {
    expect(parseServer(text)).toMatchObject({ name, sessionUrl });
  }
  expect(parseServer("n1", { isTls: true, port: 1 }).probeUrl).toBe("https://n1:1/serve/session");
});

test("parseServer() refuses what is no address", () => {
  for (const text of [
    "",
    "a b",
    "8900",
    "n1:0",
    "n1:x",
    "ftp://n1",
    "http://",
    "http://u:p@n1",
    "http://n1?x=1",
    "[::1",
  ]) {
    expect([text, codeOf(() => parseServer(text))]).toEqual([text, "usage.invalid-option"]);
  }
});

test("clientSettings() fills in the defaults, also for what is undefined", () => {
  const settings = clientSettings({ window: undefined } as unknown as ClientOptions);
  expect(settings).toMatchObject({
    timeoutMs: 900_000,
    checkVersion: true,
    checkLength: false,
    ignoreAllChecks: false,
    broadcast: true,
    window: 1_024,
  });
  expect(settings.servers.map(({ name }) => name)).toEqual(["localhost:8900"]);
  expect(settings.identity).not.toBe(clientSettings({}).identity);
  const byUrl = clientSettings({ ip: "http://n1", port: 5 });
  expect(byUrl.servers.map(({ name }) => name)).toEqual(["n1:5"]);
  expect(clientSettings({ identity: "a#b", ip: "n1", port: 5 })).toMatchObject({ identity: "a#b" });
});

test("clientSettings() takes each server once", () => {
  const { servers } = clientSettings({ servers: ["n1", "n1:8900", "http://n1:8900", "n2:1"] });
  expect(servers.map(({ name }) => name)).toEqual(["n1:8900", "n2:1"]);
});

test("clientSettings() refuses what cannot be", () => {
  const wrong: ClientOptions[] = [
    { servers: [] },
    { port: 0 },
    { port: 70_000 },
    { timeoutMs: 0 },
    { timeoutMs: 2 ** 31 },
    { window: 0 },
    { window: 1.5 },
    { retries: -1 },
    { identity: "" },
    { ip: "a b" },
  ];
  for (const options of wrong) {
    expect([options, codeOf(() => clientSettings(options))]).toEqual([
      options,
      "usage.invalid-option",
    ]);
  }
  // Of another type is another thing than of another size.
  expect(() => clientSettings({ port: "8900" as never })).toThrow(': got "8900"');
});
