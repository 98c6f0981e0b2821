/** The gate: format, lint, types, layers, options; with `--tests` the fast tests too (`npm run ok`). */
import { CHECKS, runSteps } from "./steps.ts";
import { runSuite, SUITES } from "./suites.ts";

const FAST = ["unit", "contract", "integration"];
const LIMIT_MS = 120_000;

const checks = await runSteps(CHECKS);
let isPassed = checks.every((check) => check.isPassed);
if (process.argv.includes("--tests")) {
  for (const suite of SUITES.filter(({ name }) => FAST.includes(name))) {
    const result = await runSuite(suite, LIMIT_MS);
    isPassed &&= result.failed.length === 0;
  }
}
process.exitCode = isPassed ? 0 : 1;
