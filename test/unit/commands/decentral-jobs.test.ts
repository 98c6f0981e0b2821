import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import { jobsOf, type JobSource, type ReadJob } from "../../../commands/_decentral-jobs.ts";
import { shownValue } from "../../../commands/_decentral-queue.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { thrownBy } from "../../support/thrown-by.ts";

const LONG = ["1234567890123456789", "1234567890123456790"];

async function read(text: string, source: Partial<JobSource> = {}): Promise<ReadJob[]> {
  const stdin = Readable.from([Buffer.from(text)]);
  const all: JobSource = { file: "-", priority: 0, delayMs: 0, envelope: false, ...source };
  return await Array.fromAsync(jobsOf(all, stdin));
}

function textOf({ job }: ReadJob): string {
  return Buffer.from(job.value).toString();
}

test("jobsOf() tells keys apart that a double would not", async () => {
  const text = LONG.map((id) => `{"in": {"id": 7}, "id": ${id}}\n`).join("");
  const jobs = await read(text, { keyField: "id", idField: "id" });
  expect(jobs.map(({ job }) => job.key)).toEqual(LONG);
  expect(jobs.map(({ job }) => job.id)).toEqual(LONG);
});

test("jobsOf() keeps all digits of what is in a list or an envelope, and so does who shows a job", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("jobs.json", "");
  await Bun.write(file, `\uFEFF[{"id": ${LONG[0]}}, [1e400, 0.5]]`);
  const listed = await read("", { file });
  expect(listed.map(textOf)).toEqual([`{"id":${LONG[0]}}`, "[1e400,0.5]"]);
  const [enveloped] = await read(`{"value": [${LONG[1]}], "attempt": 2}\n`, { envelope: true });
  expect(enveloped && textOf(enveloped)).toBe(`[${LONG[1]}]`);
  const shown = shownValue(new TextEncoder().encode(`{"id": ${LONG[0]}}`));
  expect(JSON.stringify({ shown })).toBe(`{"shown":{"id":${LONG[0]}}}`);
});

test("jobsOf() names the line of an envelope that says what is not known", async () => {
  const fault = await thrownBy(
    read('{"value": 1}\n{"value": 1, "delay": 5}\n', { envelope: true }),
  );
  expect(fault).toMatchObject({
    code: "usage.invalid-input",
    message: 'Cannot push standard input, line 2: its envelope has an unknown "delay"',
  });
});

test("jobsOf() says of a folder that it is one", async () => {
  await using folder = await tempFolder();
  expect(await thrownBy(read("", { file: folder.path }))).toMatchObject({
    message: expect.stringContaining("it is a folder"),
  });
});
