import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { until } from "../../support/until.ts";

const value = new Uint8Array(1_000);

test("openQueue() says of a file that is no database that it is broken, and does not touch it", async () => {
  await using folder = await tempFolder();
  const text = "this is no database ".repeat(500);
  const path = await folder.write("jobs.db", text);
  expect(await thrownBy(openQueue(`sqlite:${path}`))).toMatchObject({
    code: "queue.broken",
    message: `Cannot open queue "sqlite:${path}": file is not a database`,
  });
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("openQueue() says of a torn database that it is broken", async () => {
  await using folder = await tempFolder();
  const path = folder.file("jobs.db");
  await using queue = await openQueue(`sqlite:${path}`);
  await queue.pushMany(Array.from({ length: 100 }, () => ({ value })));
  await queue.close();
  const bytes = readFileSync(path);
  await folder.write("jobs.db", bytes.fill(0xaa, 4_096));
  const using = async (): Promise<void> => {
    await using torn = await openQueue(`sqlite:${path}`);
    await torn.take({ max: 100 });
  };
  expect(await thrownBy(using())).toHaveProperty("code", "queue.broken");
});

test("openQueue() leaves another program's database alone", async () => {
  await using folder = await tempFolder();
  const path = folder.file("theirs.db");
  const theirs = new DatabaseSync(path);
  theirs.exec("CREATE TABLE mine (a)");
  theirs.close();
  expect(await thrownBy(openQueue(`sqlite:${path}`))).toMatchObject({
    code: "queue.broken",
    message: `Cannot open queue "sqlite:${path}": it is a database of another program`,
  });
});

test("openQueue() says of a folder that is not there what to do", async () => {
  await using folder = await tempFolder();
  const error = await thrownBy(openQueue(`sqlite:${folder.file("no/jobs.db")}`));
  expect(error).toMatchObject({ code: "usage.invalid-option" });
});

test("push() on a full disk is queue.no-space; what is there can be finished, and then there is room", async () => {
  await using folder = await tempFolder();
  await using queue = await openQueue(`sqlite:${folder.file("jobs.db")}?max_page_count=40`);
  let error: unknown;
  while (error === undefined)
    error = await queue.push({ value }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toMatchObject({ code: "queue.no-space" });
  const { ready } = await queue.stats();
  const jobs = await queue.take({ max: 5 });
  // In one transaction with a push that does not fit, the acknowledgements go through all the same.
  const large = thrownBy(queue.push({ value: new Uint8Array(200_000) }));
  await Promise.all(jobs.map((job) => queue.ack(job)));
  expect(await large).toMatchObject({ code: "queue.no-space" });
  expect(await queue.stats()).toMatchObject({ length: ready - 5 });
  await queue.push({ value });
});

test("calls wait while another program holds the file, without stopping the process", async () => {
  await using folder = await tempFolder();
  const path = folder.file("jobs.db");
  await using queue = await openQueue(`sqlite:${path}`);
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  let isDone = false;
  let turns = 0;
  const pushing = queue.push({ value }).finally(() => (isDone = true));
  await until(() => ++turns > 5, { what: "a few turns" });
  expect(isDone).toBe(false);
  other.exec("COMMIT");
  other.close();
  await pushing;
  expect(await queue.stats()).toMatchObject({ length: 1 });
});

test("queues of one file do not see each other", async () => {
  await using folder = await tempFolder();
  const url = `sqlite:${folder.file("jobs.db")}`;
  await using one = await openQueue(`${url}?queue=one`);
  await using other = await openQueue(`${url}?queue=other`);
  await one.push({ value });
  expect(await other.stats()).toMatchObject({ length: 0 });
  expect(await one.stats()).toMatchObject({ length: 1 });
});

test("who waits hears that the file was moved, and goes on when it is back", async () => {
  await using folder = await tempFolder();
  const path = folder.file("jobs.db");
  await using queue = await openQueue(`sqlite:${path}`);
  await queue.push({ value });
  const waiting = queue.take({ max: 1 }).then(() => thrownBy(queue.take({ waitMs: 60_000 })));
  await until(async () => (await queue.stats()).leased === 1, { what: "a job that is taken" });
  await rename(path, `${path}.old`);
  const gone = { code: "queue.broken", message: expect.stringContaining("was moved or deleted") };
  expect(await waiting).toMatchObject(gone);
  expect(await thrownBy(queue.push({ value }))).toMatchObject(gone);
  await writeFile(path, "");
  expect(await thrownBy(queue.stats())).toMatchObject({
    message: expect.stringContaining("another file is in its place"),
  });
  await rename(`${path}.old`, path);
  await queue.push({ value });
  expect(await queue.stats()).toMatchObject({ length: 2 });
});
