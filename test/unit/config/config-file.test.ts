import { expect, test } from "bun:test";
import { loadConfigFile, type ConfigFileRequest } from "../../../src/config/config-file.ts";
import type { DingError } from "../../../src/core/errors.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const SECTIONS = ["slave", "master"];

function problem(request: Partial<ConfigFileRequest> & { folder: string }): string {
  try {
    loadConfigFile({ env: {}, sections: SECTIONS, ...request });
  } catch (thrown) {
    const { code, message, hint } = thrown as DingError;
    expect(code).toBe("usage.invalid-option");
    return `${message} / ${hint}`;
  }
  return "no error";
}

test("loadConfigFile() reads the folder's own file, if there is one", async () => {
  await using folder = await tempFolder();
  const request = { env: {}, folder: folder.path, sections: SECTIONS };
  expect(loadConfigFile(request)).toBeUndefined();
  await folder.write("ding.config.json", { $schema: "x", slave: { port: 1 } });
  expect(loadConfigFile(request)).toEqual({
    name: "ding.config.json",
    folder: folder.path,
    sections: { slave: { port: 1 } },
  });
});

test("loadConfigFile() takes --config over DING_CONFIG over the folder's own", async () => {
  await using folder = await tempFolder();
  await folder.write("ding.config.json", { slave: { port: 1 } });
  await folder.write("env.json", { slave: { port: 2 } });
  await folder.write("sub/flag.json", "\uFEFF" + JSON.stringify({ slave: { port: 3 } }));
  const env = { DING_CONFIG: "env.json" };
  const request = { env, folder: folder.path, sections: SECTIONS };
  expect(loadConfigFile(request)?.sections).toEqual({ slave: { port: 2 } });
  const flagged = loadConfigFile({ ...request, flag: "sub/flag.json" });
  expect(flagged?.sections).toEqual({ slave: { port: 3 } });
  expect(flagged?.folder).toBe(folder.file("sub"));
});

test("loadConfigFile() refuses a named file that is not there, and says where it looked", async () => {
  await using folder = await tempFolder();
  const at = `Looked at ${folder.file("no.json")}`;
  expect(problem({ folder: folder.path, flag: "no.json" })).toBe(
    `Cannot use --config: "no.json": no such file / ${at}`,
  );
  expect(problem({ folder: folder.path, env: { DING_CONFIG: "no.json" } })).toBe(
    `Cannot use DING_CONFIG: "no.json": no such file / ${at}`,
  );
  expect(problem({ folder: folder.path, flag: "." })).toMatch(/^Cannot use --config: ".": EISDIR/);
});

test.each([
  [
    '{\n  "slave": { "port": 1, }\n}',
    'Cannot parse ding.config.json:2:23: this comma is one too many / "slave": { "port": 1, }',
  ],
  [
    '{ "slav": {} }',
    'Cannot use section "slav" in ding.config.json: no such section / Did you mean "slave"?',
  ],
  [
    '{ "colour": {} }',
    'Cannot use section "colour" in ding.config.json: no such section / Sections are: slave, master',
  ],
  [
    '{ "slave": 1 }',
    'Cannot use section "slave" in ding.config.json: it is not an object / Write the options in it: { "slave": { … } }',
  ],
  [
    "[]",
    'Cannot use ding.config.json: it is not an object / Write a section for each role: { "slave": { "channel": 233 } }',
  ],
])("loadConfigFile() refuses %j", async (text, expected) => {
  await using folder = await tempFolder();
  await folder.write("ding.config.json", text);
  expect(problem({ folder: folder.path })).toBe(expected);
});
