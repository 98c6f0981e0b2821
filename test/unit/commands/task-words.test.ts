import { expect, test } from "bun:test";
import type { Given } from "../../../commands/_command.ts";
import { checkProgram, checkShared, taskWords } from "../../../commands/_task-words.ts";
import { taskOptions } from "../../../src/task/options.ts";

const OPTIONS = taskOptions.parse({});

function givenBy(...keys: string[]): Given {
  const origins = keys.map((key) => [key, { from: "flag", name: `--${key}` }] as const);
  return { origins: Object.fromEntries(origins), config: undefined, notes: [] };
}

test("taskWords() says again what was said, and no secret", () => {
  const said = {
    ...OPTIONS,
    main: "m.ts",
    labels: ["a", "b"],
    autoRecover: true,
    mqUrl: "redis://h",
  };
  const { words } = taskWords(said, givenBy("main", "labels", "autoRecover", "mqUrl"), ["main"]);
  expect(words.map((word) => word.join(" ")).toSorted()).toEqual([
    "--auto-recover",
    "--labels a,b",
    "--mq-url redis://h",
  ]);
  for (const mqUrl of ["redis://user:sesame@host:1", "nats://:sesame@host"]) {
    const refused = () => taskWords({ ...OPTIONS, mqUrl }, givenBy("mqUrl"), []);
    expect(refused).toThrow("Cannot write --mq-url into a script");
    expect(refused).not.toThrow("sesame");
  }
});

test("checkProgram() wants to know what runs", () => {
  const what = { word: "script", hint: "Pass --main." };
  expect(() => checkProgram(givenBy("labels"), what)).toThrow("nothing says what it runs");
  for (const key of ["main", "package"]) checkProgram(givenBy(key), what);
});

test.each([
  ["--node-ids 4 for 2 launches", { nodeIds: ["4"] }],
  ["--node-ids 4,5 for 2 launches", { nodeIds: ["4", "5"], parallelWorkers: 2 }],
  ["--address 10.0.0.1 for 2 launches", { address: "10.0.0.1" }],
  ["--ports 0 for 2 launches", { ports: ["0"] }],
  ["--protocol ipc for 2 launches", { protocol: "ipc" as const }],
])("checkShared() refuses what only one launch can have: %s", (message, more) => {
  expect(() => checkShared({ ...OPTIONS, ...more }, 2)).toThrow(message);
  checkShared({ ...OPTIONS, ...more }, 1);
});

test("checkShared() lets all launches have what is for all", () => {
  checkShared({ ...OPTIONS, nodeIds: ["4,5"], ports: ["20000"] }, 2);
  checkShared({ ...OPTIONS, ports: ["0"], mqType: "redis" }, 2);
});
