import { chmod, readFile, readdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { bothLoggers, LogFiles, type LogFilesOptions } from "../../../commands/_log-files.ts";
import { toolsOf } from "../../../commands/_tools.ts";
import type { Logger } from "../../../src/core/log.ts";
import { tempFolder } from "../../support/temp-folder.ts";

function open(folder: string, options: Partial<LogFilesOptions> = {}): LogFiles {
  return new LogFiles({
    folder,
    name: "serve",
    level: "info",
    maxBytes: 1_000_000,
    keep: 3,
    secrets: ["s3cret"],
    onTrouble: () => {},
    ...options,
  });
}

/** What stands in the only file with this ending. */
async function linesOf(folder: string, extension: string): Promise<Record<string, unknown>[]> {
  const file = (await readdir(folder)).find((name) => name.endsWith(extension)) ?? "";
  const lines = (await readFile(`${folder}/${file}`, "utf8")).split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("LogFiles", () => {
  test("writes errors to .err and all else to .log, without secrets", async () => {
    await using folder = await tempFolder();
    const files = open(folder.path);
    files.logger.debug("never");
    files.logger.info("one s3cret", { port: 1, token: "abc" });
    files.logger.warn("two");
    files.logger.error("three", { error: new Error("with s3cret") });
    files[Symbol.dispose]();
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    expect(await linesOf(folder.path, ".log")).toEqual([
      { time, level: "info", message: "one [hidden]", port: 1, token: "[hidden]" },
      { time, level: "warn", message: "two" },
    ]);
    expect(await linesOf(folder.path, ".err")).toMatchObject([
      { level: "error", message: "three", error: { message: "with [hidden]" } },
    ]);
    expect((await readdir(folder.path)).length).toBe(2);
  });

  test("forward() puts a worker's log where it belongs, and what it prints beside it", async () => {
    await using folder = await tempFolder();
    const files = open(folder.path);
    const line = (level: string): string =>
      JSON.stringify({ time: "2024-05-31T00:00:00.000Z", level, message: "of s3cret", worker: 1 });
    const given = [line("info"), line("error"), line("debug"), line("loud"), "a s3cret print", " "];
    for (const one of given) files.forward(one, { model: "m" });
    files[Symbol.dispose]();
    const [info, loud, print, ...none] = await linesOf(folder.path, ".log");
    expect(info).toMatchObject({ level: "info", message: "of [hidden]", worker: 1, model: "m" });
    expect(loud).toMatchObject({
      level: "info",
      message: line("loud").replace("s3cret", "[hidden]"),
    });
    expect(print).toMatchObject({ level: "info", message: "a [hidden] print", model: "m" });
    expect(none).toEqual([]);
    expect(await linesOf(folder.path, ".err")).toMatchObject([{ message: "of [hidden]" }]);
  });

  test("refuses a folder that cannot be made", async () => {
    await using folder = await tempFolder();
    const file = await folder.write("file", "");
    expect(() => open(`${file}/logs`)).toThrow(`Cannot use --log-dir: "${file}/logs": `);
  });
});

test("bothLoggers() says everything to both", () => {
  const said: unknown[] = [];
  const logger = (name: string): Logger => {
    const say =
      (level: string) =>
      (...words: unknown[]): void =>
        void said.push([name, level, ...words]);
    return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
  };
  const both = bothLoggers(logger("a"), logger("b"));
  both.warn("x", { y: 1 });
  both.debug("z");
  expect(said).toEqual([
    ["a", "warn", "x", { y: 1 }],
    ["b", "warn", "x", { y: 1 }],
    ["a", "debug", "z"],
    ["b", "debug", "z"],
  ]);
});

test("toolsOf() with --log-dir writes files, and shows what somebody should look at", async () => {
  await using folder = await tempFolder();
  const tokenFile = folder.file("token");
  await writeFile(tokenFile, "s3cret");
  await chmod(tokenFile, 0o600);
  let shown = "";
  const stream = { isTTY: false, write: (text: string) => void (shown += text) };
  const tools = await toolsOf(
    { tokenFile, logLevel: "info", verbose: true, logDir: folder.file("logs"), logName: "x" },
    { origins: {}, config: undefined, notes: ["-port_in: one port serves all"] },
    stream as unknown as NodeJS.WriteStream,
  );
  tools.log.debug("a batch");
  tools.log.warn("look, s3cret");
  tools.workerOutput?.("printed");
  tools.fileLog?.info("ready");
  await new Promise((resolve) => setImmediate(resolve));
  const messages = shown
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { message: string }).message);
  expect(messages).toEqual(["-port_in: one port serves all", "look, [hidden]"]);
  const lines = await linesOf(folder.file("logs"), ".log");
  expect(lines.map(({ message }) => message)).toEqual([
    "a batch",
    "look, [hidden]",
    "printed",
    "ready",
  ]);
});
