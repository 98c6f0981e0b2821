import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Coordinator } from "../../../src/coordinator/coordinator.ts";
import { checkRun, readRun } from "../../../src/coordinator/config/read-run.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { thrownBy } from "../../support/thrown-by.ts";

type Loose = Record<string, Record<string, Record<string, unknown>>>;

const FOLDER = join(import.meta.dir, "../../e2e/fixtures/coordinator");

function config(): Loose {
  return {
    main: {
      exp_name: "x",
      commander: { type: "solo" },
      collector: { plugin: "./collector.ts" },
      learner: { plugin: "./collector.ts" },
      replay: { tables: [{ name: "train", maxSize: 10 }] },
    },
    system: { coordinator: {} },
  } as unknown as Loose;
}

const read = (value: unknown) => checkRun(value, { name: "run.ts", folder: FOLDER });

const FAULTS: [what: string, change: (config: Loose) => void, path: string][] = [
  ["an unknown key", (one) => (one["main"]!["colector"] = {}), "main.colector"],
  ["a missing name", (one) => delete one["main"]!["exp_name"], "main.exp_name"],
  [
    "space 0",
    (one) => (one["main"]!["commander"]!["collectorTaskSpace"] = 0),
    "main.commander.collectorTaskSpace",
  ],
  [
    "a setting that solo lacks",
    (one) => (one["main"]!["commander"]!["leauge"] = 1),
    "main.commander.leauge",
  ],
  [
    "a commander that is not there",
    (one) => (one["main"]!["commander"]!["type"] = "duo"),
    "main.commander.type",
  ],
  [
    "an impossible limiter",
    (one) =>
      (one["main"]!["replay"]!["tables"] = [
        {
          name: "train",
          maxSize: 10,
          limiter: { samplesPerInsert: 4, minSizeToSample: 1, minDiff: 3, maxDiff: 4 },
        },
      ]),
    "main.replay.tables[0].limiter",
  ],
  [
    "a table without a size",
    (one) => (one["main"]!["replay"]!["tables"] = [{ name: "t" }]),
    "main.replay.tables[0].maxSize",
  ],
  ["no tables", (one) => (one["main"]!["replay"]!["tables"] = []), "main.replay.tables"],
  [
    "a column of no kind",
    (one) => (one["main"]!["replay"]!["schema"] = { obs: "float16" }),
    "main.replay.schema.obs",
  ],
  [
    "a key that tables lack",
    (one) => (one["main"]!["replay"]!["tables"] = [{ name: "t", maxSize: 1, maxsize: 2 }]),
    "main.replay.tables[0].maxsize: there is no such setting",
  ],
  [
    "a key that limiters lack",
    (one) =>
      (one["main"]!["replay"]!["tables"] = [
        {
          name: "t",
          maxSize: 9,
          limiter: { samplesPerInsert: 1, minSizeToSample: 1, minDiff: -9, maxDiff: 9, max: 3 },
        },
      ]),
    "main.replay.tables[0].limiter.max: there is no such setting",
  ],
  [
    "a number that is text",
    (one) => (one["main"]!["replay"]!["tables"] = [{ name: "t", maxSize: 9, maxUse: "2" }]),
    "main.replay.tables[0].maxUse: expected a number",
  ],
  [
    "a sampler that there is not",
    (one) => (one["main"]!["replay"]!["tables"] = [{ name: "t", maxSize: 9, sampler: "fancy" }]),
    "main.replay.tables[0].sampler",
  ],
  [
    "a key that columns lack",
    (one) => (one["main"]!["replay"]!["schema"] = { obs: { dtype: "int8", shap: [2] } }),
    "main.replay.schema.obs.shap",
  ],
  [
    "a name that leads out",
    (one) => (one["main"]!["exp_name"] = "a/../../b" as never),
    "main.exp_name",
  ],
  ["no learner", (one) => delete one["main"]!["learner"], "main.learner: it is missing"],
  [
    "a commander's module that is not there",
    (one) => (one["main"]!["commander"]!["type"] = "./no.ts"),
    'main.commander.type: "./no.ts" is not there',
  ],
  [
    "two collectors of one name",
    (one) =>
      (one["system"]!["coordinator"]!["collector"] = {
        a: ["0", "n1", 7236],
        b: ["0", "n2", 7236],
      }),
    "system.coordinator.collector.b[0]",
  ],
  [
    "a plugin that is not there",
    (one) => (one["main"]!["learner"]!["plugin"] = "./no.ts"),
    "main.learner.plugin",
  ],
  [
    "a time that is none",
    (one) => (one["system"]!["coordinator"]!["learnerTaskTimeout"] = "long"),
    "system.coordinator.learnerTaskTimeout",
  ],
];

describe.each(FAULTS)("checkRun() with %s", (_, change, path) => {
  test("is a usage error that begins with the path", async () => {
    const value = config();
    change(value);
    const error = await thrownBy((async () => read(value))());
    expect(error).toMatchObject({ code: "usage.invalid-option" });
    expect((error as Error).message).toStartWith(`Cannot use run.ts: ${path}`);
  });
});

test("checkRun() reads the ancestor's spellings, and fills in its defaults", () => {
  const value = config();
  value["system"]!["coordinator"] = {
    collector_task_timeout: 7,
    collector: { a: ["0", "n1", 22270] },
  };
  value["main"]!["commander"] = { type: "solo", stop_value: 195, eval_interval: 5 };
  value["main"]!["replay"] = { tables: [{ name: "t", max_size: 3, max_use: Infinity }] };
  const { main, system } = read(value);
  expect(main.replay.tables).toEqual([{ name: "t", maxSize: 3, maxUse: Infinity }]);
  expect(main.commander).toMatchObject({ stopValue: 195, evalInterval: 5 });
  expect(system.coordinator).toMatchObject({ collectorTaskTimeout: 7, learnerTaskTimeout: 600 });
});

test("checkRun() of what is no configuration says so", () => {
  expect(() => read(() => 1)).toThrow("Cannot use run.ts: invalid input: expected object");
});

test("Coordinator.defaultConfig() is the ancestor's: 30 s and 600 s", () => {
  const { collectorTaskTimeout, learnerTaskTimeout } = Coordinator.defaultConfig();
  expect([collectorTaskTimeout, learnerTaskTimeout]).toEqual([30, 600]);
});

test("readRun() reads JSON and modules, and says where they break", async () => {
  await using folder = await tempFolder();
  await folder.write("collector.ts", "export default {};\n");
  const json = await folder.write("run.json", config());
  expect((await readRun(json)).settings.main.expName).toBe("x");
  await folder.write("run.json", "{\n  main: 1\n}");
  const broken = (await thrownBy(readRun(json))) as Error;
  expect(broken.message).toContain("run.json:2:3");
  const module = await folder.write("empty.ts", "export const nothing = 1;\n");
  expect(await thrownBy(readRun(module))).toMatchObject({ code: "usage.invalid-option" });
  const missing = (await thrownBy(readRun(folder.file("nowhere.ts")))) as Error;
  expect(missing.message).toContain("is not there");
});
