import { describe, expect, test } from "bun:test";
import { sectionOf, type Words } from "../../../commands/_command.ts";
import { spellingsOf } from "../../../commands/_flags.ts";
import { findCommand, subCommandsOf } from "../../../commands/_find.ts";
import { commandHelp } from "../../../commands/_help.ts";
import { TABLE, visibleNames } from "../../../commands/_table.ts";
import { fieldsOf } from "../../../src/config/option-field.ts";

const RESERVED = ["config", "help", "version"];

async function everyPath(): Promise<string[][]> {
  const paths: string[][] = [];
  const visit = async (path: string[]): Promise<void> => {
    paths.push(path);
    const found = await findCommand(path, TABLE);
    for (const name of (await subCommandsOf(found?.command ?? {})).keys()) {
      await visit([...path, name]);
    }
  };
  for (const name of visibleNames(TABLE)) await visit([name]);
  return paths;
}

describe.each(await everyPath().then((paths) => paths.map((path) => [path.join(" "), path])))(
  "ding %s",
  (_, path) => {
    test("has a help that begins with examples and fits into 100 columns", async () => {
      const found = await findCommand(path as string[], TABLE);
      if (!found) throw new Error("not found");
      const lines = (await commandHelp(found, true)).split("\n");
      expect(lines[0]).toBe("Examples:");
      expect(lines[1]).toStartWith("  ");
      expect(lines.filter((line) => line.length > 100)).toEqual([]);
    });

    test("has a meaning for each option, and each spelling once", async () => {
      const { command } = (await findCommand(path as string[], TABLE)) ?? {};
      if (!command || !("words" in command)) return;
      const words = command.words as Words;
      const fields = fieldsOf(sectionOf(words), words.options);
      expect(fields.filter((field) => field.description === "").map(({ key }) => key)).toEqual([]);
      const flags = fields.flatMap((field) => [...new Set(spellingsOf(field))]);
      const shorts = fields.flatMap((field) => field.short ?? []);
      // A command's own --config or --version goes before the common one.
      const others = RESERVED.filter((flag) => flag === "help" || !flags.includes(flag));
      expect([...flags, ...others].toSorted()).toEqual(
        [...new Set([...flags, ...others])].toSorted(),
      );
      expect([...shorts, "h"].toSorted()).toEqual([...new Set([...shorts, "h"])].toSorted());
    });
  },
);
