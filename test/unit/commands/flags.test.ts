import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { parseFlags, type ParsedFlags } from "../../../commands/_flags.ts";
import { fieldsOf } from "../../../src/config/option-field.ts";
import type { DingError } from "../../../src/core/errors.ts";

const fields = fieldsOf(
  "slave",
  z.object({
    port: z.int().default(7236).meta({ short: "p" }),
    host: z.string().default("127.0.0.1"),
    numWorker: z
      .int()
      .default(1)
      .meta({ aliases: ["parallel-workers"] }),
    deviceMap: z.int().default(0),
    join: z.array(z.string()).default([]).meta({ placeholder: "HOST:PORT", short: "j" }),
    insecure: z.boolean().default(false),
    isLoud: z.boolean().default(true).meta({ short: "l" }),
  }),
);

const parse = (...rawArgs: string[]): ParsedFlags => parseFlags(fields, rawArgs, "ding slave");

function problem(...rawArgs: string[]): string {
  try {
    parse(...rawArgs);
  } catch (thrown) {
    const { code, message, hint } = thrown as DingError;
    expect(code).toBe("usage.invalid-option");
    return `${message} / ${hint}`;
  }
  return "no error";
}

describe("parseFlags()", () => {
  const good: [string, ParsedFlags["flags"]][] = [
    ["", {}],
    ["--port 1", { port: "1" }],
    ["--port=1", { port: "1" }],
    ["-p 1", { port: "1" }],
    ["-p1", { port: "1" }],
    ["-lp1", { "is-loud": true, port: "1" }],
    ["--port 1 --port 2", { port: "2" }],
    ["--num-worker 2", { "num-worker": "2" }],
    ["--num_worker 2", { "num-worker": "2" }],
    ["--num_worker=2", { "num-worker": "2" }],
    ["--parallel_workers 2", { "num-worker": "2" }],
    ["--device-map -1", { "device-map": "-1" }],
    ["--device_map=-1", { "device-map": "-1" }],
    ["--device-map -.5", { "device-map": "-.5" }],
    ["--host -", { host: "-" }],
    ["--join a:1 -j b:2 --join=c:3", { join: ["a:1", "b:2", "c:3"] }],
    ["--insecure", { insecure: true }],
    ["--insecure=false", { insecure: "false" }],
    ["--no-insecure", { insecure: false }],
    ["--no-is-loud", { "is-loud": false }],
    ["--no_is_loud", { "is-loud": false }],
    ["--insecure --port 1", { insecure: true, port: "1" }],
  ];
  test.each(good)("reads %p", (line, flags) => {
    expect(parse(...line.split(" ").filter(Boolean)).flags).toEqual(flags);
  });

  const bad: [string, string][] = [
    ["--prot 1", 'Cannot use --prot: no such option / Did you mean "--port"?'],
    ["--num_wroker 1", 'Cannot use --num_wroker: no such option / Did you mean "--num-worker"?'],
    ["--hlep", 'Cannot use --hlep: no such option / Did you mean "--help"?'],
    ["--colour", "Cannot use --colour: no such option / Run `ding slave --help` for all options"],
    ["-x", "Cannot use -x: no such option / Run `ding slave --help` for all options"],
    ["--no-port", 'Cannot use --no-port: no such option / Did you mean "--port"?'],
    [
      "--no-insecure=1",
      "Cannot use --no-insecure: it takes no value / Pass --no-insecure or --insecure",
    ],
    ["--port", "Cannot use --port: it needs a value / Pass --port N"],
    ["--port=", "Cannot use --port: it needs a value / Pass --port N"],
    ["-p", "Cannot use -p: it needs a value / Pass -p N"],
    ["--port --host x", "Cannot use --port: it needs a value / Pass --port N"],
    ["--join -x", "Cannot use --join: it needs a value / Pass --join HOST:PORT"],
    ["--config", "Cannot use --config: it needs a value / Pass --config FILE"],
    [
      "x",
      'Cannot use argument "x": not expected here / Run `ding slave --help` for what can stand here',
    ],
  ];
  test.each(bad)("refuses %p", (line, text) => {
    expect(problem(...line.split(" "))).toBe(text);
  });

  test("gives --config apart", () => {
    expect(parse("--config", "a.json", "--port=1")).toEqual({
      flags: { port: "1" },
      config: "a.json",
      notes: [],
    });
  });

  test("puts what stands by its place into the positional options, in order", () => {
    const places = fieldsOf(
      "master",
      z.object({
        file: z.string().meta({ positional: true }),
        slaves: z.array(z.string()).default([]).meta({ positional: true }),
        retries: z.int().default(0),
      }),
    );
    const read = (...rawArgs: string[]): unknown => parseFlags(places, rawArgs, "ding x").flags;
    expect(read("-")).toEqual({ file: "-" });
    expect(read("a.json", "--retries", "2", "n1", "n2")).toEqual({
      file: "a.json",
      retries: "2",
      slaves: ["n1", "n2"],
    });
    expect(read("--retries=2", "--", "--odd-name.json")).toEqual({
      file: "--odd-name.json",
      retries: "2",
    });
  });
});
