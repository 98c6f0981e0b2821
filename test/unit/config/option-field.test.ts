import { expect, test } from "bun:test";
import { z } from "zod";
import { envName, fieldsOf, flagName } from "../../../src/config/option-field.ts";

test("flagName() and envName() spell a key for the shell", () => {
  expect(flagName("maxTasksPerWorker")).toBe("max-tasks-per-worker");
  expect(envName("slave", "heartbeatMs")).toBe("DING_SLAVE_HEARTBEAT_MS");
});

test("fieldsOf() reads all of a field, wherever its meta stands", () => {
  const schema = z
    .object({
      file: z.string().describe("What").meta({ positional: true, path: true }),
      port: z.int().meta({ group: "Network", short: "p" }).default(7236).describe("Port"),
      join: z
        .array(z.string())
        .default([])
        .meta({ placeholder: "HOST:PORT", aliases: ["to"] }),
      key: z.string().optional().meta({ secret: true }),
    })
    .refine(() => true);
  const [file, port, join, key] = fieldsOf("slave", schema);
  expect(file).toMatchObject({
    required: true,
    positional: true,
    flagOnly: true,
    path: true,
    placeholder: "FILE",
  });
  expect(port).toEqual({
    key: "port",
    flag: "port",
    env: "DING_SLAVE_PORT",
    type: { kind: "integer", range: "" },
    required: false,
    defaultValue: 7236,
    description: "Port",
    group: "Network",
    short: "p",
    aliases: [],
    placeholder: "N",
    ranked: [],
    notes: {},
    singleDash: false,
    positional: false,
    named: true,
    listOfWords: false,
    brackets: false,
    flagOnly: false,
    secret: false,
    path: false,
    writes: false,
    namedPath: false,
  });
  expect(join).toMatchObject({ placeholder: "HOST:PORT", aliases: ["to"], group: "Options" });
  expect(key).toMatchObject({ secret: true, required: false, defaultValue: undefined });
});

test.each([
  [z.boolean(), ""],
  [z.number(), "N"],
  [z.enum(["a", "b"]), "a|b"],
  [z.array(z.int()), "N"],
  [z.union([z.literal("auto"), z.int()]), "auto|N"],
  [z.string(), "TEXT"],
  [z.record(z.string(), z.int()), "JSON"],
])("fieldsOf() names the value of %# in help", (value, placeholder) => {
  expect(fieldsOf("x", z.object({ value }))[0]?.placeholder).toBe(placeholder);
});
