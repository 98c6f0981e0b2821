#!/usr/bin/env bun
import { VERSION } from "../src/core/version.ts";

const VERSION_FLAGS = ["--version", "-version"];
const SHORT_FLAGS = ["-v", "-V"];

const rawArgs = process.argv.slice(2);
const [first = "", second = ""] = rawArgs;
// Behind a command, too: it has no version of its own.
const asked = rawArgs.length === 2 && !first.startsWith("-") ? second : "";
const alone = rawArgs.length === 1 ? first : "";
if ([asked, alone].some((word) => VERSION_FLAGS.includes(word)) || SHORT_FLAGS.includes(alone)) {
  process.stdout.write(`${VERSION}\n`);
} else {
  // All else is loaded behind this line, so that the version is told at once.
  const [{ runProgram }, { TABLE }] = await Promise.all([
    import("./_program.ts"),
    import("./_table.ts"),
  ]);
  await runProgram(rawArgs, TABLE);
}
