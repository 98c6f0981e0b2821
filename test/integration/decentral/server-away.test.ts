import { expect, test } from "bun:test";
import { freePort } from "../../support/free-port.ts";
import { memoryQueue, notesIn, pushValues, startFleet, unitFixture } from "../../support/fleet.ts";
import { modelFixture, startServer } from "../../support/serve.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

test("units wait for a server that is not there, say so, and lose no try of a job", async () => {
  await using folder = await tempFolder();
  await using queue = await memoryQueue({ maxAttempts: 2 });
  const port = await freePort();
  const to = folder.file("notes");
  await using fleet = await startFleet({
    plugin: unitFixture("asking.ts"),
    queue,
    numClient: 2,
    remoteServers: [["127.0.0.1", port]],
  });
  await pushValues(queue, ...Array.from({ length: 10 }, (_, n) => ({ to, n })));
  await until(() => fleet.facts().units.some(({ record }) => record.state === "waiting"), {
    what: "a unit that waits",
  });
  await until(() => fleet.facts().reason?.startsWith("every unit waits: "), { what: "a reason" });
  expect(await queue.stats()).toMatchObject({ ready: 10, dead: 0 });
  for (const n of [1, 2]) {
    await using server = await startServer({ plugin: modelFixture("jobs.ts"), port });
    await pushValues(queue, { to, n: 10 + n });
    await until(async () => (await queue.stats()).length === 0, {
      what: "an empty queue",
      timeoutMs: 25_000,
    });
    expect(server.state).toBe("running");
  }
  const notes = notesIn(to);
  expect(notes.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual([
    ...Array.from({ length: 10 }, (_, n) => n),
    11,
    12,
  ]);
  expect(notes.map(({ attempt }) => attempt)).toEqual(notes.map(() => 1));
  await until(() => fleet.facts().ready, { what: "units that are ready" });
});

test("units that have no server wait for one, and lose no try of a job", async () => {
  await using folder = await tempFolder();
  await using queue = await memoryQueue({ maxAttempts: 1 });
  const to = folder.file("notes");
  await using fleet = await startFleet({ plugin: unitFixture("asking.ts"), queue, numClient: 1 });
  await pushValues(queue, { to, n: 1 }, { to, n: 2 });
  await until(() => fleet.facts().reason?.includes("there is no remote server"), {
    what: "a reason",
  });
  const asked = { method: "POST", body: JSON.stringify({ remoteServers: [import.meta.path] }) };
  const refused = await fetch(`${fleet.url}/switch`, asked);
  expect([refused.status, await refused.text()]).toEqual([
    400,
    expect.stringMatching(/no such file/),
  ]);
  await using server = await startServer({ plugin: modelFixture("jobs.ts") });
  await fleet.switchTo({ remoteServers: [["127.0.0.1", server.port]] });
  await until(() => notesIn(to).length === 2, { what: "both jobs" });
  expect(await queue.stats()).toMatchObject({ dead: 0 });
});

test("units show their token to a server that wants one", async () => {
  await using folder = await tempFolder();
  await using queue = await memoryQueue({ maxAttempts: 2 });
  const token = "the-token-of-this-test-0123456789";
  await using server = await startServer({ plugin: modelFixture("jobs.ts"), token });
  const asking = {
    plugin: unitFixture("asking.ts"),
    queue,
    remoteServers: [["127.0.0.1", server.port]],
  };
  const to = folder.file("notes");
  {
    await using _ = await startFleet(asking);
    await pushValues(queue, { to, n: 1 });
    await until(async () => (await queue.stats()).dead === 1, { what: "a job without a token" });
    expect((await queue.dead())[0]?.reasons[0]).toMatch(/token/i);
  }
  await using _ = await startFleet({ ...asking, remoteToken: token });
  await pushValues(queue, { to, n: 2 });
  await until(() => notesIn(to).length === 1, { what: "the job with a token" });
});
