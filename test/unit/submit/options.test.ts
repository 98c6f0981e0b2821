import { expect, test } from "bun:test";
import { parseListen } from "../../../src/master/submit/listen-address.ts";
import { submitOptions } from "../../../src/master/submit/options.ts";
import { Pace } from "../../../src/master/submit/pace.ts";
import { namedSlaves, reachOf } from "../../../src/master/submit/reach.ts";
import { tempFolder } from "../../support/temp-folder.ts";

test("submitOptions work with nothing but a file", () => {
  expect(submitOptions.parse({ file: "tasks.json" })).toMatchObject({
    slave: [],
    retries: 2,
    timeoutMs: 0,
    json: false,
    minSlaves: 1,
    connectTimeoutMs: 5_000,
    dialect: "auto",
  });
  expect(submitOptions.parse({ file: "-" }).channel).toBeUndefined();
});

const ADDRESSES: [text: string, isGuarded: boolean, address: string][] = [
  [":7235", true, "0.0.0.0 7235"],
  [":7235", false, "127.0.0.1 7235"],
  ["7000", false, "127.0.0.1 7000"],
  [":0", false, "127.0.0.1 0"],
  ["0.0.0.0:80", false, "0.0.0.0 80"],
  ["n1", true, "n1 7235"],
  ["[::1]:7235", false, "::1 7235"],
  ["::1", false, "::1 7235"],
];

for (const [text, isGuarded, address] of ADDRESSES) {
  test(`parseListen() takes "${text}" for ${address}`, () => {
    const { host, port } = parseListen(text, isGuarded);
    expect(`${host} ${port}`).toBe(address);
  });
}

test("parseListen() refuses what is no address", () => {
  for (const text of ["", ":x", "a:b:c", "h:70000", "[::1"]) {
    expect(() => parseListen(text, true)).toThrow(/Cannot use --listen/);
  }
});

test("namedSlaves() puts flags and file together", async () => {
  await using folder = await tempFolder();
  const slaveFile = await folder.write("slaves", "n[2-3]\nn1\n");
  const slaves = await namedSlaves({ slave: ["n1", "m:5"], slaveFile });
  expect(slaves.map(({ host }) => host)).toEqual(["n1", "m", "n2", "n3"]);
  expect(await namedSlaves({ slave: [], slaveFile: undefined })).toEqual([]);
});

test("reachOf() uses TLS when it knows whom to trust", async () => {
  await using folder = await tempFolder();
  const [ca, cert] = ["-----BEGIN CERTIFICATE-----\nCA", "-----BEGIN CERTIFICATE-----\nCERT"];
  const key = "-----BEGIN PRIVATE KEY-----\nKEY";
  const [tlsCa, tlsCert] = [await folder.write("ca", ca), await folder.write("cert", cert)];
  const tlsKey = await folder.write("key", key);
  const base = { slave: [], connectTimeoutMs: 9 };
  expect(reachOf(base, "t")).toEqual({ token: "t", tls: undefined, timeoutMs: 9 });
  expect(reachOf({ ...base, tlsCa }, undefined).tls).toEqual({ ca });
  const both = reachOf({ ...base, tlsCa, tlsCert, tlsKey }, undefined);
  expect(both.tls).toEqual({ ca, cert, key });
  expect(() => reachOf({ ...base, tlsKey }, undefined)).toThrow(/it needs --tls-cert/);
  expect(() => reachOf({ ...base, tlsCa: folder.file("no") }, undefined)).toThrow(/--tls-ca/);
});

test("Pace sends ahead what a slave does in a tenth of a second", () => {
  const pace = new Pace();
  expect(pace.ahead(1)).toBe(0);
  pace.add(20, { concurrency: 1, held: 1 });
  expect([pace.ahead(1), pace.ahead(4)]).toEqual([5, 20]);
  // Waiting in the queue is no work: with ten tasks there, each took a tenth of its time.
  for (let turn = 0; turn < 50; turn += 1) pace.add(200, { concurrency: 1, held: 10 });
  expect(pace.ahead(1)).toBe(5);
  for (let turn = 0; turn < 50; turn += 1) pace.add(5_000, { concurrency: 1, held: 1 });
  expect(pace.ahead(1)).toBe(0);
  for (let turn = 0; turn < 99; turn += 1) pace.add(0, { concurrency: 1, held: 1 });
  expect(pace.ahead(8)).toBe(256);
});
