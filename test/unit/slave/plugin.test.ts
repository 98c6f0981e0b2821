import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { pluginOf, type SlavePlugin } from "../../../src/slave/plugin.ts";

const ctx = {} as Parameters<SlavePlugin["processTask"]>[1];

class Plain {
  readonly factor = 3;
  processTask(task: number): number {
    return task * this.factor;
  }
}

const FORMS: [name: string, module: Record<string, unknown>][] = [
  ["a class", { default: Plain }],
  ["a subclass", { default: class extends Plain {} }],
  [
    "a class whose processTask is a field",
    {
      default: class {
        processTask = async (task: number): Promise<number> => task * 3;
      },
    },
  ],
  ["an instance", { default: new Plain() }],
  ["an object", { default: { processTask: (task: number) => task * 3 } }],
  ["a function", { default: (task: number) => task * 3 }],
  ["an async function", { default: async (task: number) => task * 3 }],
  [
    "an old function",
    {
      default: function (task: number) {
        return task * 3;
      },
    },
  ],
  ["processTask by name", { processTask: (task: number) => task * 3 }],
];

test.each(FORMS)("pluginOf() takes %s", async (_name, module) => {
  expect(await pluginOf(module, "p.ts").processTask(2, ctx)).toBe(6);
});

const MISFITS: [name: string, module: Record<string, unknown>, says: string][] = [
  ["nothing", {}, "it exports nothing"],
  ["other names", { a: 1, b: 2 }, "it exports a, b"],
  ["an empty object", { default: {} }, "it exports default"],
  ["null", { default: null }, "it exports default"],
  ["a text", { default: "x" }, "it exports default"],
  ["a class without processTask", { default: class {} }, "it exports default"],
  [
    "a schema that cannot be asked",
    { default: { schema: { parse() {} }, processTask() {} } },
    "its schema is no schema",
  ],
  [
    "a class whose constructor throws",
    {
      default: class {
        constructor() {
          throw new Error("no licence");
        }
        processTask(): void {}
      },
    },
    "its constructor failed: no licence",
  ],
];

test.each(MISFITS)("pluginOf() refuses %s and says what it found", (_name, module, says) => {
  let error: DingError | undefined;
  try {
    pluginOf(module, "p.ts");
  } catch (thrown) {
    error = thrown as DingError;
  }
  expect([error?.code, error?.message]).toEqual([
    "plugin.invalid",
    `Cannot use plugin "p.ts": ${says}`,
  ]);
});
