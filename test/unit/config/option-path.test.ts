import { expect, test } from "bun:test";
import { z } from "zod";
import { fieldsOf, type OptionField } from "../../../src/config/option-field.ts";
import { fromFolder } from "../../../src/config/option-path.ts";
import { loadOptions } from "../../../src/config/options.ts";

const schema = z.object({
  file: z.string().optional().meta({ path: true }),
  plugin: z.array(z.string()).default([]).meta({ path: "named", positional: "also" }),
  label: z.string().optional(),
});
const [file, plugin, label] = fieldsOf("x", schema) as [OptionField, OptionField, OptionField];

test("fromFolder() counts relative paths from the folder, and leaves the rest", () => {
  expect(fromFolder(file, "./a.ts", "/srv")).toBe("/srv/a.ts");
  expect(fromFolder(file, "/a.ts", "/srv")).toBe("/a.ts");
  expect(fromFolder(file, 3, "/srv")).toBe(3);
  expect(fromFolder(file, "small=./a.ts", "/srv")).toBe("/srv/small=./a.ts");
  expect(fromFolder(label, "./a.ts", "/srv")).toBe("./a.ts");
});

test("fromFolder() sees the path behind a name, in each item of a list", () => {
  const given = ["a.onnx", "small=./a.ts", "big@2=/b.ts", "server.Worker", "/x=y/z.ts"];
  const whole = ["/srv/a.onnx", "small=/srv/a.ts", "big@2=/b.ts", "/srv/server.Worker"];
  expect(fromFolder(plugin, given, "/srv")).toEqual([...whole, "/x=y/z.ts"]);
});

test("loadOptions() does so for what stands in the config file", () => {
  const given = { file: { plugin: ["small=./a.ts"] }, fileFolder: "/etc/ding" };
  expect(loadOptions("x", schema, given).plugin).toEqual(["small=/etc/ding/a.ts"]);
  const one = { file: { plugin: "small=./a.ts" }, fileFolder: "/etc/ding" };
  expect(loadOptions("x", schema, one).plugin).toEqual(["small=/etc/ding/a.ts"]);
  expect(loadOptions("x", schema, { env: { DING_X_PLUGIN: "./b.ts" } }).plugin).toEqual(["./b.ts"]);
});
