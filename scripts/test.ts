/**
 * `npm test`: everything. The gate's checks, the binary, the services that tests talk to, all test folders.
 * Ends with the line "N passed, N failed". `npm test -- --only e2e,unit` runs just those folders.
 */
import { parseArgs } from "node:util";
import { CHECKS, runStep, runSteps, type StepResult } from "./steps.ts";
import { runSuite, SUITES, type SuiteResult } from "./suites.ts";
import { isExcused } from "./skips.ts";

/** On two cores; what takes longer is said. */
const BUDGET_MS = 15 * 60_000;
/** Then something hangs, and is ended. */
const LIMIT_MS = 40 * 60_000;
const NEEDS_BINARY = ["e2e", "chaos"];
const NEEDS_SERVICES = ["integration", "e2e", "chaos"];

const { values } = parseArgs({ options: { only: { type: "string" } } });
const only = values.only?.split(",").map((name) => name.trim());
const unknown = only?.filter((name) => !SUITES.some((suite) => suite.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(
    `Cannot run "${unknown.join(", ")}": the folders are ${SUITES.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}
process.exitCode = (await runAll(SUITES.filter(({ name }) => only?.includes(name) ?? true)))
  ? 0
  : 1;

async function runAll(suites: typeof SUITES): Promise<boolean> {
  const startedMs = performance.now();
  const steps: StepResult[] = only ? [] : await runSteps(CHECKS);
  if (suites.some(({ name }) => NEEDS_BINARY.includes(name))) steps.push(await build());
  if (suites.some(({ name }) => NEEDS_SERVICES.includes(name))) steps.push(await prepare());
  const results: SuiteResult[] = [];
  for (const suite of suites) {
    const leftMs = LIMIT_MS - (performance.now() - startedMs);
    results.push(await runSuite(suite, Math.max(1, Math.ceil(leftMs))));
  }
  const tookMs = performance.now() - startedMs;
  if (tookMs > BUDGET_MS)
    console.log(`Took ${minutes(tookMs)}, where ${minutes(BUDGET_MS)} are meant`);
  return report(steps, results);
}

function build(): Promise<StepResult> {
  return runStep({ name: "build", command: [process.execPath, "scripts/build.ts"] });
}

function prepare(): Promise<StepResult> {
  const command: [string, string] = [process.execPath, "scripts/test-services/prepare.ts"];
  return runStep({ name: "services", command });
}

/** Prints what failed and what was skipped, then the counts as the very last line. */
function report(steps: StepResult[], results: SuiteResult[]): boolean {
  const skipped = results.flatMap((result) => result.skipped);
  const refused = process.env["CI"] === "true" ? skipped.filter((name) => !isExcused(name)) : [];
  const failed = [
    ...steps.filter((step) => !step.isPassed).map((step) => step.name),
    ...results.flatMap((result) => result.failed),
    ...refused.map((name) => `${name} (skipped, which CI does not allow)`),
  ];
  const passed =
    steps.filter((step) => step.isPassed).length +
    results.reduce((sum, result) => sum + result.passed, 0);
  printList("Skipped:", skipped);
  printList("Failed:", failed);
  console.log(`${passed} passed, ${failed.length} failed`);
  return failed.length === 0;
}

function printList(title: string, names: string[]): void {
  if (names.length > 0) console.log([title, ...names.map((name) => `  ${name}`)].join("\n"));
}

function minutes(ms: number): string {
  return `${(ms / 60_000).toFixed(1)} min`;
}
