import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { command, readOptions } from "../../../commands/_command.ts";
import { parseFlags, type ParsedFlags } from "../../../commands/_flags.ts";
import { commandHelp } from "../../../commands/_help.ts";
import { fieldsOf } from "../../../src/config/option-field.ts";
import { loadOptions } from "../../../src/config/options.ts";
import type { DingError } from "../../../src/core/errors.ts";
import { serveOptions } from "../../../src/serve/options.ts";

/** A role whose ancestor had flags of its own kind. */
const options = z
  .object({
    plugin: z.array(z.string()).default([]).describe("Models").meta({
      positional: "also",
      short: "p",
      path: "named",
    }),
    port: z
      .int()
      .default(8900)
      .meta({
        aliases: ["http-port", "port-in"],
        ranked: ["http-port", "port"],
        notes: { "port-in": "one port serves all" },
      }),
    portOut: z
      .int()
      .optional()
      .meta({ notes: { "port-out": "one port serves all" } }),
    workers: z
      .int()
      .default(1)
      .meta({ aliases: ["num-worker"] }),
    deviceMap: z.array(z.int().min(-1)).default([-1]).meta({ list: "words" }),
    remoteServers: z
      .array(z.tuple([z.string(), z.int(), z.int()]))
      .default([])
      .meta({ brackets: true, placeholder: "[[HOST, PORT, PORT], …]" }),
    modelDir: z.string().default(".").meta({ path: true }),
    gpuMemoryFraction: z.number().default(0.2),
    cpu: z.boolean().default(false),
    verbose: z.boolean().default(false).meta({ short: "V" }),
  })
  .meta({ singleDash: true })
  .refine(() => true);

const fields = fieldsOf("serve", options);
const parse = (line: string): ParsedFlags =>
  parseFlags(fields, line.split(/\s+/).filter(Boolean), "ding serve");

/** The options that a line means. */
function read(line: string): Record<string, unknown> {
  const words = { name: "serve", description: "", examples: [], options };
  return readOptions(words, line.split(/\s+/).filter(Boolean), ["serve"]).options;
}

function problem(line: string): string {
  try {
    read(line);
  } catch (thrown) {
    const { code, message, hint } = thrown as DingError;
    expect(code).toBe("usage.invalid-option");
    return `${message} / ${hint}`;
  }
  return "no error";
}

const SERVERS = "[[10.40.34.16, 8068, 8069], [10.40.34.14, 8068, 8069]]";
const TWO_SERVERS = [
  ["10.40.34.16", 8068, 8069],
  ["10.40.34.14", 8068, 8069],
];

describe("parseFlags() with the ancestors' flags", () => {
  test("reads the documentation's line as it is written", () => {
    const line = `server.Worker -model_dir /path/to/model -port_in 8996 -port_out 8998
      -http_port 8900 -num_worker 2 -device_map -1 -gpu_memory_fraction 0.25`;
    expect(read(line)).toMatchObject({
      plugin: ["server.Worker"],
      modelDir: "/path/to/model",
      port: 8900,
      portOut: 8998,
      workers: 2,
      deviceMap: [-1],
      gpuMemoryFraction: 0.25,
    });
    expect(parse(line).notes).toEqual([
      "-port_in: one port serves all",
      "-port_out: one port serves all",
    ]);
  });

  test.each([
    ["-port 2 -http_port 1", ["-port: not used, as -http_port is given"]],
    ["--http-port 1 --port 2", ["--port: not used, as --http-port is given"]],
    ["-port 1 -port 2", []],
    ["-port_in 3 -port 2", ["-port_in: one port serves all"]],
  ])("tells of a port that another one outdoes: %s", (line, notes) => {
    expect(parse(line).notes).toEqual(notes);
  });

  const good: [string, Record<string, unknown>][] = [
    ["-device_map -1 server.Worker", { deviceMap: [-1], plugin: ["server.Worker"] }],
    ["-device_map -1 0 1 -cpu", { deviceMap: [-1, 0, 1], cpu: true }],
    ["--device-map -1 0 1 --cpu", { deviceMap: [-1, 0, 1], cpu: true }],
    ["--device-map -1,0", { deviceMap: [-1, 0] }],
    ["--device-map=-1,0 1", { deviceMap: [-1, 0, 1] }],
    ["-device_map [-1, 0]", { deviceMap: [-1, 0] }],
    ["-device_map [0]", { deviceMap: [0] }],
    ["-device_map 0 --device-map 1", { deviceMap: [0, 1] }],
    ["-device-map=2 a.ts b=c.ts", { deviceMap: [2], plugin: ["a.ts", "b=c.ts"] }],
    ["-device_map 0 -- 1", { deviceMap: [0], plugin: ["1"] }],
    [`-remote_servers ${SERVERS} -cpu`, { remoteServers: TWO_SERVERS, cpu: true }],
    [`--remote-servers=${SERVERS}`, { remoteServers: TWO_SERVERS }],
    [`--remote_servers ${JSON.stringify(TWO_SERVERS)} x`, { remoteServers: TWO_SERVERS }],
    ["--remote-servers [a, 1, 2]", { remoteServers: [["a", 1, 2]] }],
    [
      "--remote-servers [a,1,2] --remote-servers [[b,3,4]]",
      {
        remoteServers: [
          ["a", 1, 2],
          ["b", 3, 4],
        ],
      },
    ],
    ["-num-worker=3", { workers: 3 }],
    ["-workers 3", { workers: 3 }],
    ["-http_port 1 -port 2 -port_in 3", { port: 1 }],
    ["-port_in 3 -port 2", { port: 2 }],
    ["-port_in 3", { port: 3 }],
    ["-http_port 1 -http_port 2", { port: 2 }],
    ["-no_cpu -verbose", { cpu: false, verbose: true }],
    ["-cpu False -verbose True a.ts", { cpu: false, verbose: true, plugin: ["a.ts"] }],
    ["--cpu true -verbose -cpu=False", { cpu: false, verbose: true }],
    ["-V", { verbose: true }],
    ["-p./a.ts -p b.ts", { plugin: ["./a.ts", "b.ts"] }],
    ["c.ts -plugin x=./a.ts", { plugin: ["c.ts", "x=./a.ts"] }],
  ];
  test.each(good)("reads %p", (line, wanted) => {
    expect(read(line)).toMatchObject(wanted);
  });

  test.each([
    ["-num_workr 2", 'Cannot use -num_workr: no such option / Did you mean "--num-worker"?'],
    ["-prot 1", 'Cannot use -prot: no such option / Did you mean "--port"?'],
    ["-help", 'Cannot use -help: no such option / Did you mean "--help"?'],
    ["-num_worker", "Cannot use -num_worker: it needs a value / Pass -num_worker N"],
    ["-num_worker -cpu", "Cannot use -num_worker: it needs a value / Pass -num_worker N"],
    ["-device_map -cpu", "Cannot use -device_map: it needs a value / Pass -device_map N"],
    ["--device-map", "Cannot use --device-map: it needs a value / Pass --device-map N"],
    ["-device_map gpu", 'Cannot use --device-map: "gpu" is not an integer / Use an integer'],
    [
      "-device_map -2",
      "Cannot use --device-map: -2 is out of range / Use an integer of at least -1",
    ],
    ["-device_map 0,x", 'Cannot use --device-map: "x" is not an integer / Use an integer'],
    [
      "-remote_servers [[a, 1",
      "Cannot use -remote_servers: a bracket is not closed / It began with [[a,",
    ],
    [
      "-remote_servers [[a,,1]]",
      'Cannot use --remote-servers: "[[a,,1]]" is not a list / Use a list',
    ],
    ["-cpux", "Cannot use -cpux: no such option / Did you mean"],
  ])("refuses %p", (line, text) => {
    expect(problem(line)).toStartWith(text);
  });

  test.each(["--device-map=[]", "--device-map ,", "-device_map [ ]"])(
    "refuses a map without a device, which would be the CPU in silence: %s",
    (line) => {
      const words = { name: "serve", description: "", examples: [], options: serveOptions };
      const told = "Cannot use --device-map: name a device, -1 for the CPU";
      expect(() => readOptions(words, line.split(" "), ["serve"])).toThrow(told);
    },
  );

  test("takes a list from a variable, with commas or blanks", () => {
    const env = { DING_SERVE_DEVICE_MAP: "-1 0,1", DING_SERVE_REMOTE_SERVERS: SERVERS };
    Object.assign(process.env, env);
    try {
      expect(read("")).toMatchObject({ deviceMap: [-1, 0, 1], remoteServers: TWO_SERVERS });
    } finally {
      for (const name of Object.keys(env)) delete process.env[name];
    }
  });

  test("takes a list from the config file as one text or number, too", () => {
    const file = { deviceMap: -1, remoteServers: SERVERS, plugin: "./a.ts" };
    const given = loadOptions("serve", options, { file });
    expect(given).toMatchObject({ deviceMap: [-1], remoteServers: TWO_SERVERS, plugin: ["a.ts"] });
    const words = loadOptions("serve", options, { file: { deviceMap: "-1 0,1" } });
    expect(words.deviceMap).toEqual([-1, 0, 1]);
  });
});

test("ding serve takes the ancestor's flags that it has no use for, and says why", () => {
  const line = `server.Worker -http_new -http_max_connect 100 -http_concurent_retry_num 100
    -http_concurent_retry_gap 0.05 -http_stat_dashboard ./dash -cors * -num_worker 2`;
  const words = line.split(/\s+/);
  const { notes } = parseFlags(fieldsOf("serve", serveOptions), words, "ding serve");
  expect(notes.map((note) => note.replace(/:.*/, ""))).toEqual(
    words.filter((word) => /^-(http|cors)/.test(word)),
  );
  const serve = { name: "serve", description: "", examples: [], options: serveOptions };
  const { plugin, workers } = readOptions(serve, words, ["serve"]).options;
  expect({ plugin, workers }).toEqual({ plugin: ["server.Worker"], workers: 2 });
});

test("commandHelp() shows the new spelling, and the ancestor's beside it", async () => {
  const serve = command(
    { name: "serve", description: "Serve", examples: [], options },
    async () => {},
  );
  const text = await commandHelp({ path: ["serve"], command: serve, rest: [] }, true);
  expect(text).toContain("Usage: ding serve [PLUGIN …] [OPTIONS]");
  expect(text).toContain("-p, --plugin FILE …");
  expect(text).toContain("also -num_worker");
  expect(text).toContain("also -http_port, -port_in");
  expect(text).toContain("several: 0 1 or 0,1");
  expect(text).toContain("-some_option");
});
