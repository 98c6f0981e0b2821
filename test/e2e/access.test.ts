import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { chmod } from "node:fs/promises";
import { FakeMaster, SlaveCaller } from "../integration/di-engine/fake-master.ts";
import { ding, type RunOptions } from "../support/ding.ts";
import { CHANNEL, JOBS, startSlave, statusOf } from "../support/slave.ts";
import { submit } from "../support/submit.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const TOKEN = "correct-horse-battery-staple";
const WRONG = "wrong-horse-battery-staple";

async function tokenFile(folder: TempFolder, token: string): Promise<string> {
  const file = await folder.write(`token-${token.slice(0, 5)}`, `${token}\n`);
  await chmod(file, 0o600);
  return file;
}

test("a slave with a token lets in only who shows it, by file or by variable, and never prints it", async () => {
  await using folder = await tempFolder();
  const [good, bad] = [await tokenFile(folder, TOKEN), await tokenFile(folder, WRONG)];
  await using slave = await startSlave(JOBS, ["--token-file", good, "--log-level", "debug"]);
  const to = (...args: string[]): { slaves: { address: string }[]; args: string[] } => ({
    slaves: [slave],
    args: ["--log-level", "debug", ...args],
  });
  const tasks = [{ add: [2, 3] }];
  const byFile = await submit(tasks, to("--token-file", good));
  const byVariable = await submit(tasks, to(), { env: { DING_TOKEN: TOKEN } });
  for (const { code, lines } of [byFile, byVariable]) {
    expect(lines).toMatchObject([{ status: "COMPLETED", result: { sum: 5 } }]);
    expect(code).toBe(0);
  }
  const none = await submit(tasks, to());
  expect(none.stderr).toContain("it asks for a token");
  expect(none.stderr).toContain("--token-file");
  const wrong = await submit(tasks, to("--token-file", bad));
  expect(wrong.stderr).toContain("it does not know this token");
  for (const { code, stdout } of [none, wrong]) expect([code, stdout]).toEqual([4, ""]);
  expect((await statusOf(slave)) as object).toMatchObject({ success: false });
  const stopped = await slave.stop();
  const runs = [byFile, byVariable, none, wrong, stopped];
  const printed = runs.map(({ stdout, stderr }) => stdout + stderr).join("");
  for (const token of [TOKEN, WRONG]) expect(printed).not.toContain(token);
});

test("a slave with a token shows strangers its health and nothing else", async () => {
  await using slave = await startSlave(JOBS, [], { env: { DING_TOKEN: TOKEN } });
  const ask = async (path: string, token?: string): Promise<Response> => {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const response = await fetch(`${slave.url}${path}`, { headers });
    await response.arrayBuffer();
    return response;
  };
  for (const path of ["/health/live", "/health/ready"]) expect((await ask(path)).status).toBe(200);
  for (const path of ["/status", "/metrics", "/session", "/nope"]) {
    const stranger = await ask(path);
    expect([stranger.status, stranger.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect((await ask(path, WRONG)).status).toBe(403);
  }
  expect((await ask("/status", TOKEN)).status).toBe(200);
  const socket = new WebSocket(`${slave.url.replace("http", "ws")}/session`);
  const ending = await new Promise<string>((resolve) => {
    for (const name of ["open", "error", "close"]) {
      socket.addEventListener(name, () => resolve(name), { once: true });
    }
  });
  expect(ending).not.toBe("open");
});

test("a slave with a token keeps DI-engine masters out, who cannot show one, unless told to let them in", async () => {
  const run: RunOptions = { env: { DING_TOKEN: TOKEN } };
  using master = new FakeMaster();
  await using closed = await startSlave(JOBS, [], run);
  const stranger = new SlaveCaller(closed.port, { channel: CHANNEL, token: "t" });
  expect((await stranger.connect(master)).status).toBe(401);
  await using open = await startSlave(JOBS, ["--allow-di-engine"], run);
  const guest = new SlaveCaller(open.port, { channel: CHANNEL, token: "t" });
  expect(await guest.connect(master)).toMatchObject({ status: 200, success: true });
  const id = randomUUID();
  expect(await guest.newTask(id, { add: [2, 3] })).toMatchObject({ status: 200, code: 0 });
  expect((await master.resultOf(id)).body.result).toEqual({ sum: 5 });
  expect((await guest.disconnect()).status).toBe(200);
});

test("another channel is refused with 4", async () => {
  await using slave = await startSlave();
  const { code, stdout, stderr } = await submit([1], { slaves: [slave], args: ["--channel", "5"] });
  expect(stderr).toContain("Channel is not the slave's");
  expect([code, stdout]).toEqual([4, ""]);
});

test("a task whose id comes twice runs once, and both askers are told that it is received", async () => {
  await using folder = await tempFolder();
  using master = new FakeMaster();
  await using slave = await startSlave(JOBS, ["--mode", "queue"]);
  const caller = new SlaveCaller(slave.port, { channel: CHANNEL, token: "t" });
  await caller.connect(master);
  const id = randomUUID();
  const task = { mark: folder.file("mark"), waitMs: 200 };
  const answers = await Promise.all([caller.newTask(id, task), caller.newTask(id, task)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  await master.resultOf(id);
  expect((await caller.newTask(id, task)).status).toBe(200); // known for long after it has ended
  const after = randomUUID();
  await caller.newTask(after, { add: [1, 1] });
  await master.resultOf(after);
  expect((await Bun.file(folder.file("mark")).text()).trim().split("\n")).toHaveLength(1);
  expect(master.results.map(({ body }) => body.task?.id)).toEqual([id, after]);
  expect((await caller.disconnect()).status).toBe(200);
});

/** Options that would let strangers in, or cannot be meant. */
const REFUSED: [name: string, args: string[], says: string, hint: string][] = [
  ["beyond loopback without a token", ["--host", "0.0.0.0"], "without a token", "--insecure"],
  ["on all of IPv6 without a token", ["--host", "::"], "without a token", "--token-file"],
  ["with a token file that is not there", ["--token-file", "./gone"], "no such file", "urandom"],
  ["with half of TLS", ["--tls-cert", "./cert.pem"], "--tls-key", "--tls-key FILE"],
  ["with a port that is none", ["--port", "65536"], "--port", "65535"],
  ["without a plugin", [], "", "--plugin"],
];

for (const [name, args, says, hint] of REFUSED) {
  test(`ding slave ${name} ends with 2 and says what to do`, async () => {
    const plugin = name === "without a plugin" ? [] : ["--plugin", JOBS];
    const words = ["slave", "--port", "0", ...plugin, ...args];
    const { code, stdout, stderr } = await ding(words, { runtime: "binary" });
    expect(stderr).toMatch(/^ding: Cannot .*\n.+\n$/s);
    expect(stderr).toContain(says);
    expect(stderr).toContain(hint);
    expect([code, stdout]).toEqual([2, ""]);
  });
}
