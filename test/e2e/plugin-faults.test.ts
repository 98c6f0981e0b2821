import { expect, test } from "bun:test";
import { ding } from "../support/ding.ts";
import { startSlave, statusOf } from "../support/slave.ts";
import { submit } from "../support/submit.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const LOADS = "export default () => 1;\n";

/** A plugin that does not load: what it is, and what a person sees of it. */
const FAULTS: { name: string; source: string; shows: (string | RegExp)[] }[] = [
  {
    name: "has a syntax error",
    source: `const good = 1;\n  export default function ( {\n${LOADS}`,
    shows: [/plugin\.ts:\d+:\d+/, /\d+ \| /, /^\s+\| +\^$/m],
  },
  {
    name: "throws at load",
    source: `const before = 1;\nthrow new Error("no weights");\n${LOADS}`,
    shows: ["no weights", /plugin\.ts:2:\d+/, '2 | throw new Error("no weights");'],
  },
  {
    name: "imports what is not installed",
    source: `import thing from "not-installed-anywhere";\nexport default () => thing;\n`,
    shows: ["not-installed-anywhere", /plugin\.ts:1:\d+/, '1 | import thing from "not-installed'],
  },
  {
    name: "exports nothing useful",
    source: "export const answer = 42;\n",
    shows: ["exports answer", "Export as default a function"],
  },
  {
    name: "exports nothing",
    source: "const answer = 42;\n",
    shows: ["exports nothing", "Export as default a function"],
  },
  {
    name: "exits the process at load",
    source: `console.log("marks", process.pid);\nprocess.exit(3);\n`,
    shows: [
      "Cannot load plugin: the worker process exited with code 3 before it was ready",
      "marks",
    ],
  },
];

async function runSlave(folder: TempFolder, args: string[]): ReturnType<typeof ding> {
  const words = ["slave", "--channel", "1", "--port", "0", "--json", ...args];
  return await ding(words, { runtime: "binary", cwd: folder.path });
}

for (const isolate of ["process", "none"]) {
  for (const { name, source, shows } of FAULTS) {
    if (isolate === "none" && name.startsWith("exits")) continue; // then the slave itself has ended
    test(`ding slave --isolate ${isolate} with a plugin that ${name} shows the place and ends with 1`, async () => {
      await using folder = await tempFolder();
      const plugin = await folder.write("plugin.ts", source);
      const { code, stdout, stderr } = await runSlave(folder, [
        "--plugin",
        plugin,
        `--isolate=${isolate}`,
      ]);
      for (const text of shows) expect(stderr).toMatch(text);
      expect(stderr).not.toContain("This is a bug");
      expect(code).toBe(1);
      expect(stdout).toBe("");
    });
  }
}

test("ding slave with a plugin that is missing says where it looked", async () => {
  await using folder = await tempFolder();
  const { code, stdout, stderr } = await runSlave(folder, ["--plugin", "./gone.ts"]);
  expect(stderr).toContain('gone.ts": no such file');
  expect(stderr).toContain(folder.file("gone.ts"));
  expect(code).toBe(1);
  expect(stdout).toBe("");
});

test("ding slave starts a plugin that does not load only once a worker", async () => {
  await using folder = await tempFolder();
  const source = `import { appendFileSync } from "node:fs";
    appendFileSync(process.env.MARKS, "loaded\\n");
    throw new Error("never");`;
  const plugin = await folder.write("plugin.ts", source);
  const words = ["slave", "--plugin", plugin, "--port", "0", "--concurrency", "3"];
  const env = { MARKS: folder.file("marks") };
  const { code } = await ding(words, { runtime: "binary", env });
  expect(code).toBe(1);
  const marks = (await Bun.file(folder.file("marks")).text()).trim().split("\n");
  expect(marks.length).toBeLessThanOrEqual(3);
});

for (const isolate of ["process", "none"]) {
  test(`ding slave --json --isolate ${isolate} keeps a plugin's prints off stdout`, async () => {
    await using folder = await tempFolder();
    const source = `console.log("at load"); console.info("info at load");
      export default (task) => { console.log("in task"); process.stdout.write("raw in task\\n"); return 1; };`;
    const plugin = await folder.write("plugin.ts", source);
    await using slave = await startSlave(plugin, ["--isolate", isolate]);
    expect((await submit([1], { slaves: [slave] })).code).toBe(0);
    const { stdout, stderr } = await slave.stop();
    expect(stdout).toBe(`${slave.line}\n`);
    for (const text of ["at load", "info at load", "in task", "raw in task"]) {
      expect(stderr).toContain(text);
    }
  });
}

test("a task that exits the worker process fails alone, and the next finds a new worker", async () => {
  await using slave = await startSlave();
  const { code, lines } = await submit([{ exit: 3 }, { add: [2, 3] }], { slaves: [slave] });
  expect(lines).toMatchObject([
    { status: "FAILED", error: { code: "worker.exited" }, attempts: 1 },
    { status: "COMPLETED", result: { sum: 5 } },
  ]);
  expect(lines[0]?.error?.message).toContain("exited with code 3");
  expect(code).toBe(6);
});

test("a task that never returns is ended by --task-timeout-ms of the slave", async () => {
  await using slave = await startSlave(undefined, [
    "--task-timeout-ms=1500",
    "--cancel-grace-ms=100",
  ]);
  const { code, lines } = await submit([{ spin: true }, { add: [2, 3] }], { slaves: [slave] });
  expect(lines).toMatchObject([{ status: "TIMED_OUT" }, { status: "COMPLETED" }]);
  expect(code).toBe(6);
  expect((await statusOf(slave)).counts).toMatchObject({ timedOut: 1, completed: 1 });
});

test("a task that never returns is ended by --timeout-ms of the master", async () => {
  await using slave = await startSlave(undefined, ["--cancel-grace-ms", "100"]);
  const { code, lines } = await submit([{ spin: true }, { add: [2, 3] }], {
    slaves: [slave],
    // Also for a task that waits for the worker that comes after the one that was killed.
    args: ["--timeout-ms", "4000"],
  });
  expect(lines).toMatchObject([{ status: "TIMED_OUT" }, { status: "COMPLETED" }]);
  expect(code).toBe(6);
});
