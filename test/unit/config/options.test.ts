import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { loadOptions, type OptionSources, resolveOptions } from "../../../src/config/options.ts";
import { DingError } from "../../../src/core/errors.ts";

const schema = z
  .object({
    port: z.int().min(0).max(65_535).default(7236),
    mode: z.enum(["refuse", "queue"]).default("refuse"),
    queueLimit: z.int().min(0).default(1000),
    isLoud: z.boolean().default(false),
    join: z.array(z.string().regex(/^\S+:\d+$/, "write it as HOST:PORT")).default([]),
    ratio: z.number().gt(0).max(1).optional(),
    plugin: z.string().optional().meta({ path: true }),
    pin: z.int().min(1000).optional().meta({ secret: true }),
    device: z.union([z.literal("auto"), z.int()]).default("auto"),
  })
  .superRefine(({ mode, queueLimit }, context) => {
    if (mode === "queue" && queueLimit === 0) {
      context.addIssue({ code: "custom", path: ["queueLimit"], message: "a queue needs room" });
    }
  });

const load = (sources: OptionSources): z.output<typeof schema> =>
  loadOptions("slave", schema, sources);

function problem(sources: OptionSources, of: z.ZodObject = schema): string {
  try {
    loadOptions("slave", of, sources);
  } catch (thrown) {
    const error = thrown as DingError;
    expect(error).toBeInstanceOf(DingError);
    expect(error.code).toBe("usage.invalid-option");
    return `${error.message} / ${error.hint}`;
  }
  return "no error";
}

describe("loadOptions()", () => {
  test("takes flags over environment over file over default", () => {
    const flags = { port: "1" };
    const env = { DING_SLAVE_PORT: "2", DING_SLAVE_MODE: "queue" };
    const file = { port: 3, mode: "refuse", queueLimit: 5 };
    expect(load({ flags, env, file })).toMatchObject({ port: 1, mode: "queue", queueLimit: 5 });
    expect(load({ env, file })).toMatchObject({ port: 2 });
    expect(load({ file })).toMatchObject({ port: 3 });
    expect(load({})).toEqual({
      port: 7236,
      mode: "refuse",
      queueLimit: 1000,
      isLoud: false,
      join: [],
      device: "auto",
    });
  });

  test("makes of texts what the schema asks for", () => {
    const env = { DING_SLAVE_JOIN: "a:1, n[1,2]:2", DING_SLAVE_IS_LOUD: "yes" };
    expect(load({ env })).toMatchObject({ join: ["a:1", "n[1,2]:2"], isLoud: true });
    const flags = { join: ["a:1", "b,c:2"], ratio: "0.5", device: "-1", "is-loud": true };
    expect(load({ flags })).toMatchObject({ join: ["a:1", "b,c:2"], ratio: 0.5, device: -1 });
    expect(load({ flags: { "is-loud": "false" } })).toMatchObject({ isLoud: false });
  });

  test("takes what Kubernetes sets for a Service of the command's name as not given", () => {
    const env = { DING_SLAVE_PORT: "tcp://10.96.0.7:7236" };
    expect(load({ env }).port).toBe(7236);
    expect(load({ env, file: { port: 3 } }).port).toBe(3);
    expect(problem({ env: { DING_SLAVE_PORT: "tcp" } })).toContain("is not an integer");
  });

  test("takes a variable that is set to nothing as not given", () => {
    expect(load({ env: { DING_SLAVE_PORT: "", DING_SLAVE_JOIN: "" } }).port).toBe(7236);
  });

  test("counts relative paths in the file from its folder", () => {
    const file = { plugin: "./my.ts" };
    expect(load({ file, fileFolder: "/etc/ding" }).plugin).toBe("/etc/ding/my.ts");
    expect(load({ file: { plugin: "/a.ts" }, fileFolder: "/etc" }).plugin).toBe("/a.ts");
    expect(load({ flags: { plugin: "./my.ts" }, fileFolder: "/etc" }).plugin).toBe("./my.ts");
  });

  const cases: [string, OptionSources, string][] = [
    [
      "a flag that is no integer",
      { flags: { port: "abc" } },
      'Cannot use --port: "abc" is not an integer / Use an integer from 0 to 65535',
    ],
    [
      "a variable that is no integer",
      { env: { DING_SLAVE_PORT: "1.5" } },
      'Cannot use DING_SLAVE_PORT: "1.5" is not an integer / Use an integer from 0 to 65535',
    ],
    [
      "a wrong type in the file",
      { file: { port: "7236" } },
      'Cannot use slave.port in the config file: "7236" is not an integer / Use an integer from 0 to 65535',
    ],
    [
      "a value out of range",
      { flags: { port: "65536" } },
      "Cannot use --port: 65536 is out of range / Use an integer from 0 to 65535",
    ],
    [
      "a value out of an open range",
      { file: { ratio: 0 }, fileName: "./c.json" },
      "Cannot use slave.ratio in ./c.json: 0 is out of range / Use a number above 0 and at most 1",
    ],
    [
      "a slip in a word",
      { flags: { mode: "queu" } },
      'Cannot use --mode: "queu" is not one of refuse, queue / Did you mean "queue"?',
    ],
    [
      "a word that is none",
      { env: { DING_SLAVE_MODE: "x" } },
      'Cannot use DING_SLAVE_MODE: "x" is not one of refuse, queue / Use one of refuse, queue',
    ],
    [
      "an empty flag",
      { flags: { port: "" } },
      "Cannot use --port: it needs a value / Pass --port N",
    ],
    [
      "one bad item of a list",
      { flags: { join: ["a:1", "b"] } },
      'Cannot use --join: "b": write it as HOST:PORT / undefined',
    ],
    [
      "no list in the file",
      { file: { join: { host: "a" } } },
      'Cannot use slave.join in the config file: {"host":"a"} is not a list / Use a list',
    ],
    [
      "none of several types",
      { flags: { device: "gpu" } },
      'Cannot use --device: "gpu" is not "auto" or an integer / Use "auto" or an integer',
    ],
    [
      "keys that do not go together",
      { flags: { mode: "queue" }, file: { queueLimit: 0 } },
      "Cannot use slave.queueLimit in the config file: a queue needs room / undefined",
    ],
    [
      "an unknown key in the file",
      { file: { prot: 1 } },
      'Cannot use slave.prot in the config file: no such option / Did you mean "port"?',
    ],
    [
      "an unknown key like a flag in the file",
      { file: { "queue-limit": 1 } },
      'Cannot use slave.queue-limit in the config file: no such option / Did you mean "queueLimit"?',
    ],
  ];
  test.each(cases)("refuses %s", (_, sources, text) => {
    expect(problem(sources)).toBe(text);
  });

  test("names the key of an ancestor's flag in the file, not a key that looks alike", () => {
    const workers = z.int().default(1).describe("How many");
    const schema = z.object({
      workers: workers.meta({ aliases: ["num-worker"] }),
      numWorkerExpanded: workers,
    });
    expect(problem({ file: { num_worker: 2 } }, schema)).toBe(
      'Cannot use slave.num_worker in the config file: no such option / Did you mean "workers"?',
    );
  });

  test("names every way to give what is missing", () => {
    const required = z.object({ channel: z.int(), file: z.string().describe("The tasks") });
    expect(problem({}, required)).toBe(
      'Cannot start without --channel / Pass --channel N, or set DING_SLAVE_CHANNEL or "slave.channel" in the config file',
    );
    const positional = z.object({
      file: z.string().describe("The tasks").meta({ positional: true }),
    });
    expect(problem({}, positional)).toBe("Cannot start without FILE / Pass FILE: the tasks");
  });

  test("takes what belongs to one run from flags alone", () => {
    const once = z.object({ format: z.string().optional().meta({ flagOnly: true }) });
    const env = { DING_SLAVE_FORMAT: "x" };
    expect(loadOptions("slave", once, { env })).toEqual({});
    expect(loadOptions("slave", once, { env, flags: { format: "y" } })).toEqual({ format: "y" });
    expect(problem({ file: { format: "x" } }, once)).toStartWith("Cannot use slave.format in");
  });

  test("says of a fault in the whole that it is in the whole", () => {
    const odd = z.object({ a: z.int().default(1) }).refine(() => false, "they never fit");
    expect(problem({}, odd)).toBe("Cannot use the options of slave: they never fit / undefined");
  });

  test("takes keys that other commands read", () => {
    expect(load({ file: { retries: 3 }, otherKeys: ["retries"] }).port).toBe(7236);
  });

  test.each([
    { flags: { pin: "12ab" } },
    { env: { DING_SLAVE_PIN: "12ab" } },
    { file: { pin: "12ab" } },
    { flags: { pin: "12" } },
  ])("never shows a secret: %j", (sources) => {
    const text = problem(sources);
    expect(text).toContain("the secret value");
    expect(text).not.toContain("12");
  });

  test("cuts a value that would fill the screen", () => {
    expect(problem({ flags: { port: "9a".repeat(500) } }).length).toBeLessThan(150);
  });
});

test("resolveOptions() says where each value came from", () => {
  const { origins } = resolveOptions("slave", schema, {
    flags: { port: "1" },
    env: { DING_SLAVE_MODE: "queue" },
    file: { queueLimit: 5 },
    fileName: "ding.config.json",
  });
  expect(origins).toEqual({
    port: { from: "flag", name: "--port" },
    mode: { from: "env", name: "DING_SLAVE_MODE" },
    queueLimit: { from: "file", name: "slave.queueLimit in ding.config.json" },
  });
});
