import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { command } from "../../../commands/_command.ts";
import { commandHelp, programHelp } from "../../../commands/_help.ts";
import { TABLE } from "../../../commands/_table.ts";
import { wrapped } from "../../../commands/_wrap.ts";
import { fake } from "./fixtures/fake-role.ts";

const submit = command(
  {
    name: "master submit",
    description: "Spread a file of tasks over slaves",
    examples: ["ding master submit tasks.json --slave n1:7236"],
    options: z.object({
      file: z.string().describe("The tasks").meta({ positional: true, group: "Tasks" }),
      channel: z.int().describe("Number in common").meta({ group: "Tasks", short: "c" }),
      slave: z
        .array(z.string())
        .default([])
        .describe("A slave")
        .meta({ group: "Slaves", placeholder: "HOST:PORT" }),
      progress: z.boolean().default(true).describe("Show a bar").meta({ group: "Slaves" }),
      pin: z.int().default(1234).describe("A secret").meta({ group: "Slaves", secret: true }),
    }),
  },
  async () => {},
  { later: { meta: { name: "later", description: "Another time" } } },
);

describe("commandHelp()", () => {
  test("begins with examples, then groups with defaults and variables", async () => {
    const found = { path: ["master", "submit"], command: submit, rest: [] };
    expect(await commandHelp(found, true)).toBe(`Examples:
  ding master submit tasks.json --slave n1:7236

Usage: ding master submit FILE [OPTIONS]
       ding master submit COMMAND [OPTIONS]
Spread a file of tasks over slaves

Commands:
  later                         Another time

Tasks:
      FILE                      The tasks (required)
  -c, --channel N               Number in common (required; DING_MASTER_CHANNEL)

Slaves:
      --slave HOST:PORT …       A slave (repeatable; DING_MASTER_SLAVE)
      --[no-]progress           Show a bar (default true; DING_MASTER_PROGRESS)
      --pin N                   A secret (DING_MASTER_PIN)

General:
      --config FILE             Config file (default ./ding.config.json; DING_CONFIG)
  -h, --help                    Show this help
`);
  });

  test("of a group begins with the first example of each of its commands", async () => {
    const group = { meta: { description: "Drive slaves" }, subCommands: { submit, fake } };
    expect(await commandHelp({ path: ["master"], command: group, rest: [] }, true)).toBe(`Examples:
  ding master submit tasks.json --slave n1:7236
  ding fake --port 0

Usage: ding master COMMAND [OPTIONS]
Drive slaves

Commands:
  submit                        Spread a file of tasks over slaves
  fake                          Do nothing, for a long time

General:
  -h, --help                    Show this help
`);
  });

  test("fits into 100 columns and is plain when told so", async () => {
    const text = await commandHelp({ path: ["fake"], command: fake, rest: [] }, true);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    expect(text).not.toContain("\u001B");
    const bold = await commandHelp({ path: ["fake"], command: fake, rest: [] }, false);
    expect(bold).toContain("\u001B[1mNetwork:\u001B[22m");
  });
});

test("programHelp() lists the commands, without those for the program itself", () => {
  const hidden = { description: "Never shown", load: async () => fake, isHidden: true };
  const text = programHelp({ ...TABLE, _secret: hidden }, true);
  expect(text).toStartWith("Examples:\n  ding slave --channel 233");
  expect(text).toContain("\n  slave ");
  expect(text).not.toContain("Never shown");
});

test("wrapped() breaks between words, and a word that is too long not at all", () => {
  expect(wrapped("one two three", 8)).toEqual(["one two", "three"]);
  expect(wrapped("a-very-long-word x", 5)).toEqual(["a-very-long-word", "x"]);
  expect(wrapped("", 5)).toEqual([""]);
});
