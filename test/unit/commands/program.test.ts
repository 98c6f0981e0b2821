import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { findCommand, subCommandsOf } from "../../../commands/_find.ts";
import { TABLE, type Table } from "../../../commands/_table.ts";
import { ding } from "../../support/ding.ts";
import { runFake } from "./fixtures/fake-program.ts";

const load = async (): Promise<object> => ({
  subCommands: { ping: { run: () => 1 }, status: async () => ({ run: () => 2 }) },
});
const table: Table = { master: { description: "Drive slaves", load } };

describe("findCommand()", () => {
  test("follows the words and keeps what stands behind them", async () => {
    const found = await findCommand(["master", "status", "--json", "x"], table);
    expect(found).toMatchObject({ path: ["master", "status"], rest: ["--json", "x"] });
    expect((await findCommand(["master"], table))?.path).toEqual(["master"]);
    expect(await findCommand(["--help"], table)).toBeUndefined();
    expect(await findCommand([], table)).toBeUndefined();
  });

  test.each([
    [["mastre"], 'Cannot run "ding mastre": no such command', 'Did you mean "master"?'],
    [["master", "pnig"], 'Cannot run "ding master pnig": no such command', 'Did you mean "ping"?'],
    [["xyz"], 'Cannot run "ding xyz": no such command', "Commands are: master"],
    [["toString"], 'Cannot run "ding toString": no such command', "Commands are: master"],
  ])("refuses %j", async (rawArgs, message, hint) => {
    const error = await findCommand(rawArgs, table).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "usage.invalid-option", message, hint });
  });

  test("takes a word for a slip of a subcommand only where the command takes no words", async () => {
    const { slave, serve } = TABLE;
    const roles: Table = { ...(slave && { slave }), ...(serve && { serve }) };
    const slip = await findCommand(["slave", "mkae"], roles).catch((thrown: unknown) => thrown);
    expect(slip).toMatchObject({ code: "usage.invalid-option", hint: 'Did you mean "make"?' });
    expect((await findCommand(["slave", "./my.ts"], roles))?.rest).toEqual(["./my.ts"]);
    expect((await findCommand(["serve", "mkae"], roles))?.rest).toEqual(["mkae"]);
  });

  test("subCommandsOf() loads them all", async () => {
    const found = await findCommand(["master"], table);
    expect([...(await subCommandsOf(found?.command ?? {})).keys()]).toEqual(["ping", "status"]);
  });
});

describe("ding", () => {
  test.each([
    [["--version"]],
    [["-v"]],
    [["serve", "--version"]],
    // As the ancestor's commands have it.
    [["serve", "-version"]],
  ])("%j prints the version alone", async (args) => {
    const { code, stdout, stderr } = await ding(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([[[]], [["--help"]], [["-h"]], [["help"]]])("%j prints the help", async (args) => {
    const { code, stdout, stderr } = await ding(args as string[]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toStartWith("Examples:\n");
    expect(stdout).toContain("Commands:\n");
  });

  test.each([[["fake", "--help"]], [["help", "fake"]], [["fake", "--port", "abc", "-h"]]])(
    "%j prints the help of the command",
    async (args) => {
      const { code, stdout } = await runFake(args);
      expect(code).toBe(0);
      expect(stdout).toStartWith("Examples:\n  ding fake --port 0\n");
    },
  );

  test.each([
    [["fak"], 'ding: Cannot run "ding fak": no such command\nDid you mean "fake"?\n'],
    [["fake", "--prot", "1"], 'ding: Cannot use --prot: no such option\nDid you mean "--port"?\n'],
    [
      ["--port", "1"],
      "ding: Cannot use --port: no such option\n" +
        "Name a command before it: `ding COMMAND --port`; `ding --help` lists them\n",
    ],
    [
      ["fake", "--port", "abc"],
      'ding: Cannot use --port: "abc" is not an integer\nUse an integer from 0 to 65535\n',
    ],
  ])("%j ends with 2 and says why on stderr", async (args, text) => {
    const { code, stdout, stderr } = await runFake(args);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: text });
  });

  const flooding = `"${process.execPath}" "${join(import.meta.dir, "fixtures/fake-role.ts")}" fake --next flood`;
  const inShell = (line: string): SpawnSyncReturns<string> =>
    spawnSync("sh", ["-c", line], { encoding: "utf8" });

  test("writes all it has to say, however slow its reader and whatever keeps it alive", () => {
    // The reader begins when the program would long have been ended by force.
    const { stdout } = inShell(
      `{ ${flooding} 2>/dev/null; echo "rc $?"; } | { sleep 1; tail -c 8; }`,
    );
    expect(stdout).toBe("xx\nrc 0\n");
    const counted = inShell(`${flooding} 2>/dev/null | { sleep 1; wc -c; }`);
    expect(Number(counted.stdout)).toBe(1_000_000);
  });

  test("ends when nobody reads any more, and says so", () => {
    const { stdout, stderr } = inShell(
      `{ ${flooding} --log-level error; echo "rc $?" >&2; } | head -c 1`,
    );
    expect(stdout).toBe("x");
    expect(stderr).toEndWith(
      "\nding: Cannot write to standard output: its reader is gone\nrc 141\n",
    );
  });
});
