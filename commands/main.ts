#!/usr/bin/env bun
import { VERSION } from "../src/core/version.ts";

const VERSION_FLAGS = ["--version", "-v", "-V"];

const rawArgs = process.argv.slice(2);
if (rawArgs.length === 1 && VERSION_FLAGS.includes(rawArgs[0] ?? "")) {
  process.stdout.write(`${VERSION}\n`);
} else {
  // All else is loaded behind this line, so that the version is told at once.
  const [{ runProgram }, { TABLE }] = await Promise.all([
    import("./_program.ts"),
    import("./_table.ts"),
  ]);
  await runProgram(rawArgs, TABLE);
}
