import { spawn } from "node:child_process";
import { globSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readReport } from "./junit.ts";
import { printLine } from "./steps.ts";

/** A folder of tests. */
export interface Suite {
  name: string;
  /** For one test, unless it asks for more itself. */
  timeoutMs: number;
  /** How many files run side by side; one where tests need the cores for themselves. */
  parallel: number;
}

export interface SuiteResult {
  name: string;
  passed: number;
  failed: string[];
  skipped: string[];
}

export const SUITES: Suite[] = [
  { name: "unit", timeoutMs: 30_000, parallel: 2 },
  { name: "contract", timeoutMs: 60_000, parallel: 2 },
  { name: "integration", timeoutMs: 90_000, parallel: 2 },
  { name: "e2e", timeoutMs: 120_000, parallel: 2 },
  { name: "chaos", timeoutMs: 240_000, parallel: 1 },
];

/** Runs one folder of tests, showing failures as they happen, and then a line with the counts; ends it after `limitMs`. */
export async function runSuite(
  { name, timeoutMs, parallel }: Suite,
  limitMs: number,
): Promise<SuiteResult> {
  const startedMs = performance.now();
  const files = globSync(`test/${name}/**/*.test.ts`);
  const result: SuiteResult = { name, passed: 0, failed: [], skipped: [] };
  if (files.length > 0) {
    const reportFile = join(tmpdir(), `ding-${process.pid}-${name}.xml`);
    const pace = parallel > 1 ? `--parallel=${parallel}` : "--isolate";
    const args = [pace, "--timeout", `${timeoutMs}`, `./test/${name}/`];
    const code = await runBunTest(args, reportFile, limitMs);
    const report = readReport(takeText(reportFile));
    Object.assign(result, { passed: report.passed, skipped: report.skipped });
    result.failed.push(...report.failed);
    // A file that does not load is not in the report; nor is a runner that dies.
    const missing = files.filter((file) => !report.files.has(file));
    result.failed.push(...missing.map((file) => `${file}: did not run`));
    if (code !== 0 && result.failed.length === 0) {
      result.failed.push(`test/${name}: bun test ended with ${code}, see above`);
    }
  }
  const note = `${result.passed} passed, ${result.failed.length} failed, ${result.skipped.length} skipped`;
  printLine(result.failed.length === 0, name, performance.now() - startedMs, note);
  return result;
}

/** Gives the exit code; 128 and more when a signal ended it. */
function runBunTest(args: string[], reportFile: string, limitMs: number): Promise<number> {
  const report = ["--reporter=junit", `--reporter-outfile=${reportFile}`];
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["test", "--no-orphans", "--only-failures", ...report, ...args],
      { stdio: ["ignore", "inherit", "inherit"], timeout: limitMs, killSignal: "SIGTERM" },
    );
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? (signal ? 128 : 1)));
  });
}

function takeText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // the runner died before it wrote
  } finally {
    rmSync(file, { force: true });
  }
}
