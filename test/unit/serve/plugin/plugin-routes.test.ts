import { expect, test } from "bun:test";
import { routesOf } from "../../../../src/serve/plugin/plugin-routes.ts";

const own = (): string => "own";
const beside = (): string => "beside";
const predict = (inputs: unknown): unknown => inputs;

class Worker {
  readonly word = "instance";
  predict(): void {}
  routes(): string {
    return this.word;
  }
}

class Static {
  static readonly word = "static";
  static routes(): string {
    return this.word;
  }
  predict(): void {}
}

test.each<[string, Record<string, unknown>, string, string | undefined]>([
  ["an object", { default: { predict, routes: own } }, "default", "own"],
  [
    "an object, before those beside it",
    { default: { predict, routes: own }, routes: beside },
    "default",
    "own",
  ],
  ["a class", { Worker }, "Worker", "instance"],
  ["a class without a default", { Worker, routes: beside }, "default", "instance"],
  ["a class itself", { default: Static }, "default", "static"],
  ["a module, beside a function", { default: predict, routes: beside }, "default", "beside"],
  ["a module that is a model", { predict, routes: beside }, "default", "beside"],
  ["nothing", { default: predict, routes: "/mine" }, "default", undefined],
])("routesOf() finds those of %s", (_what, module, exportName, word) => {
  expect(routesOf(module, exportName)?.(undefined as never, undefined as never)).toBe(word);
});
