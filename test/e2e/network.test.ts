import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import {
  makeNetwork,
  netnsTools,
  type Host,
  type Network,
} from "../../scripts/test-services/netns.ts";
import { ding, spawnDing, type RunningDing, type RunOptions } from "../support/ding.ts";
import { testNeeding } from "../support/needs.ts";
import { binaryPath } from "../support/runtimes.ts";
import { CHANNEL } from "../support/slave.ts";
import { parseLines } from "../support/submit.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const PORT = 7236;
const TOKEN = "correct-horse-battery-staple";
const CUT_MS = 1_500;
const PLUGIN = `import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { defineSlave, TaskFail } from "ding";
import { z } from "zod";

export default defineSlave({
  schema: z.object({ a: z.number(), b: z.number(), gate: z.string().optional() }),
  async processTask({ a, b, gate }, ctx) {
    if (b === 0) throw new TaskFail({ a }, "b must not be 0");
    if (gate !== undefined) {
      writeFileSync(gate + ".begun", "");
      while (!existsSync(gate)) await delay(10);
      writeFileSync(gate + ".ended", "");
    }
    return { quotient: a / b, attempt: ctx.attempt };
  },
});
`;

const missing = await netnsTools();
const test = testNeeding(missing);

let network: Network;
let folder: TempFolder;
let here: Host;
let there: Host;
let tokenFile: string;

if (missing === undefined) {
  beforeAll(async () => {
    network = await makeNetwork(2);
    [here, there] = network.hosts as [Host, Host];
    folder = await tempFolder();
    await copyFile(binaryPath(), folder.file("ding"));
    await mkdir(folder.file("empty"));
    await folder.write("plugin/my.ts", PLUGIN);
    await folder.write("task.json", { a: 6, b: 3 });
    await folder.write("wrong-token", "not-the-token-at-all\n");
    tokenFile = await folder.write("token", `${TOKEN}\n`);
    await chmod(tokenFile, 0o600);
    await chmod(folder.file("wrong-token"), 0o600);
  }, 120_000);
  afterAll(async () => {
    await network[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
}

/** As \`env -i ./ding\` on that host, in an empty folder far from any checkout. */
function on(host: Host): RunOptions {
  const prefix = [...host.prefix, "env", "-i"];
  return { program: folder.file("ding"), prefix, cwd: folder.file("empty") };
}

function startSlave(host: Host, ...args: string[]): RunningDing {
  const plugin = folder.file("plugin/my.ts");
  return spawnDing(
    ["slave", "--channel", CHANNEL, "--plugin", plugin, "--json", ...args],
    on(host),
  );
}

function submitWords(...args: string[]): string[] {
  return ["master", "submit", folder.file("task.json"), "--json", ...args];
}

/** How often something on that host looked for a way out of the network: there is none. */
async function waysOutSought(host: Host): Promise<number> {
  const { stdout } = await host.run(["cat", "/proc/net/snmp"]);
  const [names = "", values = ""] = stdout.split("\n").filter((line) => line.startsWith("Ip:"));
  return Number(values.split(" ")[names.split(" ").indexOf("OutNoRoutes")]);
}

test("ding master submit on one host drives a ding slave on another, with a token", async () => {
  await using slave = startSlave(there, "--host", "0.0.0.0", "--token-file", tokenFile);
  expect((await slave.ready()).port).toBe(PORT);
  const address = `${there.address}:${PORT}`;
  const input = '{"a":6,"b":3}\n{"a":1,"b":0}\n{"a":1}\n';
  const words = ["master", "submit", "-", "--json", "--slave", address, "--token-file", tokenFile];
  const { code, stdout, stderr } = await ding(words, { ...on(here), input });
  expect(parseLines(stdout)).toMatchObject([
    { status: "COMPLETED", result: { quotient: 2, attempt: 1 }, slave: address },
    { status: "FAILED", result: { a: 1 }, error: { message: "b must not be 0" } },
    { status: "START_FAILED", error: { message: expect.stringContaining("b: ") } },
  ]);
  expect(code).toBe(6);
  expect(stderr).toContain(`Using channel 233, as slave ${address} says`);

  const stranger = await ding(submitWords("--slave", address, "--channel", CHANNEL), on(here));
  expect(stranger.stderr).toContain("it asks for a token");
  expect([stranger.code, stranger.stdout]).toEqual([4, ""]);
  const wrong = ["--slave", address, "--token-file", folder.file("wrong-token")];
  const impostor = await ding(submitWords(...wrong, "--channel", CHANNEL), on(here));
  expect(impostor.stderr).toContain("does not know this token");
  expect([impostor.code, impostor.stdout]).toEqual([4, ""]);
  const curious = await ding(["master", "status", "--slave", address], on(here));
  expect(curious.stdout).toContain("it carries no token");
  expect(curious.code).toBe(4);

  const stopped = await slave.stop();
  expect(stopped.code).toBe(0);
  const printed = [stdout, stderr, impostor.stderr, stopped.stdout, stopped.stderr].join("");
  expect(printed).not.toContain(TOKEN);
});

test("ding slave does not listen beyond this machine without a token, unless told to", async () => {
  await using slave = startSlave(there, "--host", there.address);
  const { code, stdout, stderr } = await slave.waitForExit();
  expect(stderr).toContain(`Cannot listen on ${there.address}:${PORT} without a token`);
  expect(stderr).toContain("Pass --token-file FILE or set DING_TOKEN");
  expect([code, stdout]).toEqual([2, ""]);
  await using open = startSlave(there, "--host", there.address, "--insecure");
  expect((await open.ready()).address).toBe(`${there.address}:${PORT}`);
  const words = submitWords("--slave", there.address);
  expect((await ding(words, on(here))).code).toBe(0);
  // Nobody gets at one that listens on this machine alone.
  await using closed = startSlave(here);
  await closed.ready();
  const knock = submitWords("--slave", here.address, "--connect-timeout-ms", "300");
  expect((await ding(knock, on(there))).code).toBe(5);
});

test("a task outlives a cut of the network, and runs once", async () => {
  await using slave = startSlave(there, "--host", "0.0.0.0", "--token-file", tokenFile);
  await slave.ready();
  const address = `${there.address}:${PORT}`;
  const words = ["master", "submit", "-", "--json", "--slave", address, "--token-file", tokenFile];
  const gate = folder.file("gate");
  const input = `${JSON.stringify({ a: 8, b: 2, gate })}\n{"a":9,"b":3}\n`;
  await using master = spawnDing(words, { ...on(here), input });
  await until(() => existsSync(`${gate}.begun`), { what: "a running task" });
  await there.cut();
  const cutAt = performance.now();
  await writeFile(gate, "open");
  await until(() => existsSync(`${gate}.ended`), { what: "the end of the task" });
  await until(() => performance.now() - cutAt >= CUT_MS, { what: "the end of the cut" });
  expect(master.stdout).toBe(""); // nobody has heard of it
  await there.restore();
  const { code, stdout } = await master.waitForExit();
  expect(parseLines(stdout)).toMatchObject([
    { status: "COMPLETED", result: { quotient: 4, attempt: 1 }, attempts: 1 },
    { status: "COMPLETED", result: { quotient: 3, attempt: 1 }, attempts: 1 },
  ]);
  expect(code).toBe(0);
});

test("ding slave --join dials a master that listens on another host, with a token", async () => {
  const guard = ["--token-file", tokenFile];
  await using slave = startSlave(there, "--join", `${here.address}:7235`, ...guard);
  await slave.ready();
  const words = submitWords(
    "--listen",
    ":7235",
    "--min-slaves",
    "1",
    "--channel",
    CHANNEL,
    ...guard,
  );
  const { code, stdout } = await ding(words, on(here));
  expect(parseLines(stdout)).toMatchObject([{ status: "COMPLETED", result: { quotient: 2 } }]);
  expect(code).toBe(0);
  const open = await ding(submitWords("--listen", "0.0.0.0:7235"), on(here));
  expect(open.stderr).toContain("without a token");
  expect(open.code).toBe(2);
});

test("defaults alone are enough on one host", async () => {
  const plugin = folder.file("plugin/my.ts");
  await using slave = spawnDing(["slave", "--channel", CHANNEL, "--plugin", plugin], on(here));
  await slave.ready();
  const { code, stdout, stderr } = await ding(
    ["master", "submit", folder.file("task.json")],
    on(here),
  );
  expect(stdout).toMatch(
    /^0 {2}COMPLETED {2}\{"quotient":2,"attempt":1\}\n1 task in [\d.]+ s: 1 completed\n$/,
  );
  expect(stderr).toContain(`Using channel 233, as slave 127.0.0.1:${PORT} says`);
  expect(code).toBe(0);
  expect(slave.stdout).toBe("");
});

test("in all of this nothing outside of these hosts was looked for", async () => {
  expect([await waysOutSought(here), await waysOutSought(there)]).toEqual([0, 0]);
  // The counter does count.
  await here.run(["bash", "-c", ": < /dev/tcp/192.0.2.1/80"]);
  expect(await waysOutSought(here)).toBeGreaterThan(0);
});
