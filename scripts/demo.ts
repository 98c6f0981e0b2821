// Builds ding, starts two slaves, sweeps hyper-parameters over them, and says how much faster two are than one.
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { z } from "zod";
import { makeGrid, parseSeed } from "../examples/sweep/grid.ts";
import type { Point } from "../examples/sweep/point.ts";
import { type Finding, formatTable, outcomeSchema, rank } from "../examples/sweep/table.ts";
import { Processes, within } from "./demo-processes.ts";

const ROOT = join(import.meta.dirname, "..");
const BINARY = join(ROOT, "dist", "ding");
const SOURCES = [
  "src",
  "commands",
  "scripts/build.ts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];
const PLUGIN = "examples/sweep/plugin.ts";
const CHANNEL = "233";
const WARM_UP_TASKS = 4;
const BUILD_DEADLINE_MS = 120_000;
const READY_DEADLINE_MS = 30_000;
const SUBMIT_DEADLINE_MS = 300_000;

const readySchema = z.object({ ready: z.literal(true), address: z.string() });
const lineSchema = z.object({
  index: z.int(),
  status: z.string(),
  slave: z.string().nullish(),
  ms: z.number(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** A file of tasks, as `ding master submit` reads it. */
interface Tasks {
  readonly file: string;
  readonly count: number;
}

interface Sweep {
  readonly findings: Finding[];
  readonly wallMs: number;
}

/** What every step needs: where its processes belong, and the signal that ends it early. */
interface Run {
  readonly processes: Processes;
  readonly stopping: AbortSignal;
}

interface Report {
  readonly seed: number;
  readonly tasks: number;
  readonly accuracy: number;
  readonly speedUp: number;
  readonly oneWorkerMs: number;
  readonly twoWorkersMs: number;
  readonly ranking: Finding[];
}

/** The whole story, from the build to the ranking; whatever it started has ended when it returns. */
async function demo(seed: number, stopping: AbortSignal): Promise<Report> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "ding-demo-"));
  await using processes = new Processes(ROOT);
  const run = { processes, stopping };
  await build(run);
  tell("start two slaves, one worker process each");
  const slaves = await Promise.all([startSlave("slave 1", run), startSlave("slave 2", run)]);
  const points = makeGrid(seed);
  const tasks = writeTasks(join(folder.path, "tasks.jsonl"), points);

  // Reading the digits and compiling the hot loops must not count against either side.
  const short = points.slice(0, WARM_UP_TASKS).map((point) => ({ ...point, epochs: 1 }));
  const warmUp = writeTasks(join(folder.path, "warm-up.jsonl"), short);
  await Promise.all(
    slaves.map((slave) => sweep(`warm-up of ${slave}`, warmUp, { slaves: [slave], run })),
  );

  const alone = await sweep("one worker", tasks, { slaves: slaves.slice(0, 1), run });
  const both = await sweep("two workers", tasks, { slaves, run });
  const ranking = rank(both.findings);
  return {
    seed,
    tasks: tasks.count,
    accuracy: ranking[0]?.accuracy ?? 0,
    speedUp: alone.wallMs / both.wallMs,
    oneWorkerMs: Math.round(alone.wallMs),
    twoWorkersMs: Math.round(both.wallMs),
    ranking,
  };
}

async function build({ processes, stopping }: Run): Promise<void> {
  if (isFresh()) return tell("dist/ding is newer than its sources");
  tell("build dist/ding");
  const program = {
    name: "scripts/build.ts",
    program: process.execPath,
    args: ["scripts/build.ts"],
  };
  await within(BUILD_DEADLINE_MS, { name: program.name, stopping }, processes.start(program).ended);
}

function isFresh(): boolean {
  if (!existsSync(BINARY)) return false;
  const builtMs = statSync(BINARY).mtimeMs;
  return SOURCES.flatMap((source) => filesUnder(join(ROOT, source))).every(
    (file) => statSync(file).mtimeMs < builtMs,
  );
}

function filesUnder(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Starts a slave on a free port and gives its address. */
async function startSlave(name: string, { processes, stopping }: Run): Promise<string> {
  const args = ["slave", "--channel", CHANNEL, "--plugin", PLUGIN, "--port", "0", "--json"];
  const { lines, ended } = processes.start({ name, program: BINARY, args });
  const ready = lines[Symbol.asyncIterator]().next();
  const gone = ended.then(() => Promise.reject(new Error(`${name} ended before it was ready`)));
  const line = await within(READY_DEADLINE_MS, { name, stopping }, Promise.race([ready, gone]));
  if (line.done) return gone;
  return readySchema.parse(JSON.parse(line.value)).address;
}

function writeTasks(file: string, points: readonly Point[]): Tasks {
  writeFileSync(file, points.map((point) => `${JSON.stringify(point)}\n`).join(""));
  return { file, count: points.length };
}

/** Submits the tasks to the slaves, and returns when each has its result. */
async function sweep(
  name: string,
  tasks: Tasks,
  to: { slaves: string[]; run: Run },
): Promise<Sweep> {
  tell(`${name}: ${tasks.count} tasks`);
  const isShown = process.stderr.isTTY && tasks.count > WARM_UP_TASKS; // the master's own progress bar
  const slaveFlags = to.slaves.flatMap((slave) => ["--slave", slave]);
  const startedMs = performance.now();
  const { lines, ended } = to.run.processes.start({
    name: "ding master submit",
    program: BINARY,
    args: ["master", "submit", tasks.file, "--channel", CHANNEL, "--json", ...slaveFlags],
    showErrors: isShown,
  });
  const reading = readFindings(
    lines,
    isShown ? () => {} : (count) => tellSome(name, count, tasks.count),
  );
  const found = Promise.all([reading, ended]).then(([findings]) => findings);
  const findings = await within(SUBMIT_DEADLINE_MS, { name, stopping: to.run.stopping }, found);
  if (findings.length !== tasks.count) {
    throw new Error(`${name} gave ${findings.length} results for ${tasks.count} tasks`);
  }
  return { findings, wallMs: performance.now() - startedMs };
}

async function readFindings(
  lines: AsyncIterable<string>,
  onCount: (count: number) => void,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const text of lines) {
    const line = lineSchema.parse(JSON.parse(text));
    const where = line.slave ?? "no slave";
    if (line.status !== "COMPLETED") {
      throw new Error(
        `Task ${line.index} ${line.status} on ${where}: ${JSON.stringify(line.error ?? line.result)}`,
      );
    }
    findings.push({ ...outcomeSchema.parse(line.result), slave: where, ms: line.ms });
    onCount(findings.length);
  }
  return findings;
}

function tellSome(name: string, count: number, total: number): void {
  if (count % 16 === 0 && count < total) tell(`${name}: ${count} of ${total}`);
}

function tell(text: string): void {
  process.stderr.write(`demo: ${text}\n`);
}

function print(report: Report): void {
  const { ranking, tasks, oneWorkerMs, twoWorkersMs } = report;
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  process.stdout.write(`${formatTable(ranking)}\n\n`);
  for (const [slave, own] of Map.groupBy(ranking, (finding) => finding.slave)) {
    const pids = [...new Set(own.map((finding) => finding.worker.pid))];
    process.stdout.write(`${slave}, worker process ${pids.join(", ")}: ${own.length} tasks\n`);
  }
  process.stdout.write(
    `${tasks} tasks: ${seconds(oneWorkerMs)} s by one worker, ${seconds(twoWorkersMs)} s by two\n`,
  );
  process.stdout.write(
    `best accuracy ${report.accuracy.toFixed(4)}, speed-up ${report.speedUp.toFixed(2)}\n`,
  );
}

function readFlags(): { seed: number; json: boolean } {
  const { values } = parseArgs({
    options: { seed: { type: "string", default: "7" }, json: { type: "boolean", default: false } },
  });
  return { seed: parseSeed(values.seed), json: values.json };
}

/** Runs the demo and gives the exit code. */
async function main(): Promise<number> {
  let failure = 2; // until the flags are read
  const stop = new AbortController();
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => {
      failure = code;
      stop.abort(new Error(`stopped by ${signal}`));
    });
  }
  try {
    const { seed, json } = readFlags();
    failure = 1;
    const report = await demo(seed, stop.signal);
    if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else print(report);
    return 0;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    return failure;
  }
}

process.exitCode = await main();
