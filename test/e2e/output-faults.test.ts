import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { freePort } from "../support/free-port.ts";
import { binaryPath } from "../support/runtimes.ts";
import { CHANNEL, JOBS, startSlave, statusOf } from "../support/slave.ts";
import { jsonLines, submit } from "../support/submit.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** With results that no pipe holds all of, whatever its reader takes before it goes. */
const LONG = Array.from({ length: 500 }, () => ({ echo: "x".repeat(1_000) }));

/** Runs a line of bash with `$DING` for the program; what the first command of the pipe ended with. */
function bash(line: string): { status: number; stderr: string } {
  const { stdout, stderr } = spawnSync("bash", ["-c", `${line}; echo "rc \${PIPESTATUS[0]}" >&2`], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], DING: binaryPath() },
  });
  const status = Number(/rc (\d+)\n$/.exec(stderr)?.[1]);
  return { status, stderr: stdout + stderr };
}

test("output that cannot be written ends the program with a word and another exit code than 0", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave();
  const file = await folder.write("tasks.jsonl", jsonLines(LONG));
  const line = `$DING master submit ${file} --slave ${slave.address} --json`;
  const full = bash(`${line} >/dev/full`);
  expect(full.status).toBe(1);
  expect(full.stderr).toContain("ding: Cannot write to standard output: ENOSPC");
  const gone = bash(`${line} | head -1`);
  expect(gone.status).toBe(141);
  expect(gone.stderr).toContain("ding: Cannot write to standard output: its reader is gone");
  expect(bash("$DING --help >/dev/full").status).toBe(1);
});

test("a slave whose log cannot be written goes on", async () => {
  const port = await freePort();
  const words = `slave --plugin ${JOBS} --channel ${CHANNEL} --port ${port}`;
  const slave = Bun.spawn(["bash", "-c", `exec "$DING" ${words} 2>/dev/full`], {
    env: { PATH: process.env["PATH"], DING: binaryPath() },
    stdout: "ignore",
    stderr: "ignore",
  });
  try {
    const to = { slaves: [{ address: `127.0.0.1:${port}` }] };
    const { code, lines } = await submit([{ fail: "loud" }, { add: [1, 2] }], to);
    expect([code, lines.length]).toEqual([6, 2]);
    expect((await statusOf({ url: `http://127.0.0.1:${port}` })).counts["completed"]).toBe(1);
  } finally {
    slave.kill();
    expect(await slave.exited).toBe(0);
  }
});
