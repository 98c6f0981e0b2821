import { describe, expect, test } from "bun:test";
import { silentLogger } from "../../../src/core/log.ts";
import type { RoundContext, UnitContext } from "../../../src/decentral/unit-context.ts";
import { unitPluginOf } from "../../../src/decentral/unit-plugin.ts";

const NAME = { plugin: "/x/unit.ts", exportName: "default" };

const CONTEXT = {
  ip: "n1",
  port: 1,
  portOut: 2,
  unit: "n1:1/1",
  log: silentLogger,
} as unknown as UnitContext;

function roundContext(): RoundContext {
  return { ...CONTEXT, job: undefined } as RoundContext;
}

describe("unitPluginOf()", () => {
  test("takes a class, and makes an instance for each unit", () => {
    class Looping {
      rounds = 0;
      doWork(): number {
        return ++this.rounds;
      }
    }
    const plugin = unitPluginOf({ default: Looping }, NAME);
    expect(plugin.kind).toBe("loop");
    const [one, other] = [plugin.create(), plugin.create()];
    expect([
      one.doWork(1, roundContext()),
      one.doWork(1, roundContext()),
      other.doWork(1, roundContext()),
    ]).toEqual([1, 2, 1]);
  });

  test("takes the ancestor's spellings, arguments by place, and the logger", () => {
    const said: string[] = [];
    const log = { ...silentLogger, warn: (message: string) => void said.push(message) };
    class ProcessingModel {
      get_model(ip: string, port: number, portOut: number): unknown[] {
        return [ip, port, portOut];
      }
      do_work(model: unknown, logger: RoundContext & { warning(text: unknown): void }): unknown {
        logger.warning(`at ${JSON.stringify(model)}`);
        logger.job = "the job";
        return model;
      }
      off_model(model: unknown): unknown {
        return ["off", model];
      }
    }
    const unit = unitPluginOf({ ProcessingModel }, { ...NAME, exportName: "ProcessingModel" });
    const steps = unit.create();
    expect(steps.getModel(CONTEXT)).toEqual(["n1", 1, 2]);
    expect(steps.doWork(["m"], { ...roundContext(), log })).toEqual(["m"]);
    expect(said).toEqual(['at ["m"]']);
    expect(steps.offModel(1)).toEqual(["off", 1]);
  });

  test("takes get_model(ctx) too, where it has one parameter", () => {
    const unit = { get_model: (ctx: UnitContext) => ctx.ip, do_work: () => undefined };
    expect(unitPluginOf({ default: unit }, NAME).create().getModel(CONTEXT)).toBe("n1");
  });

  test("takes a definition, and what is exported by name", () => {
    const work = (job: unknown): unknown => job;
    expect(unitPluginOf({ default: { work } }, NAME).kind).toBe("work");
    expect(
      unitPluginOf({ work }, NAME)
        .create()
        .work(7, {} as never),
    ).toBe(7);
    class Only {
      doWork(): void {}
    }
    expect(unitPluginOf({ Only, helper: () => 1 }, NAME).kind).toBe("loop");
  });

  const faults: [string, Record<string, unknown>, string, string][] = [
    ["nothing", {}, "default", "it exports nothing"],
    ["no unit", { default: 7, other: 1 }, "default", "it exports default, other"],
    ["a class without work", { default: class A {} }, "default", "it has neither doWork nor work"],
    ["an object without work", { default: { a: 1 } }, "default", "it has neither doWork nor work"],
    ["another name", { Other: class {} }, "Mine", 'it has nothing usable named "Mine"'],
  ];
  for (const [what, module, exportName, message] of faults) {
    test(`refuses ${what}`, () => {
      expect(() => unitPluginOf(module, { ...NAME, exportName })).toThrow(message);
    });
  }
});
