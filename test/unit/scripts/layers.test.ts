import { expect, test } from "bun:test";
import { MANIFEST, PLAN, type Room } from "../../../scripts/layers-plan.ts";
import { drawMermaid, findBreaches } from "../../../scripts/layers.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const SMALL_PLAN: Record<string, Room> = {
  "src/core": { floor: 0 },
  "src/runtime": { floor: 1 },
  "src/http": { floor: 2 },
  "src/link": { floor: 2, doors: ["src/http"] },
  "src/slave": { floor: 5 },
  "src/master": { floor: 5, not: ["src/link"] },
  commands: { floor: 7 },
};

/** A house in which nothing is wrong. */
const CLEAN = {
  "src/core/errors.ts": `import { inspect } from "node:util"; // Bun.x and import "hono"`,
  "src/runtime/self.ts": `import "../core/errors.ts"; Bun.main;`,
  "src/http/app.ts": `import { Hono } from "hono"; import type { A } from "../core/errors.ts";`,
  "src/link/link.ts": `import "../http/app.ts";`,
  "src/slave/slave.ts": `import "../link/link.ts";`,
  "src/slave/routes.ts": `import { Hono } from "hono/tiny";`,
  "src/master/master.ts": `import "../runtime/self.ts";`,
  "commands/main.ts": `import { defineCommand } from "citty"; import "../src/slave/slave.ts";`,
};

async function breachesWith(planted: Record<string, string>): Promise<string[]> {
  await using folder = await tempFolder();
  for (const [path, text] of Object.entries({ ...CLEAN, ...planted }))
    await folder.write(path, text);
  return findBreaches(folder.path, SMALL_PLAN);
}

test("findBreaches() finds nothing in a clean house", async () => {
  expect(await breachesWith({})).toEqual([]);
});

/** Each planted file with the one complaint that it must cause. */
const PLANTED: [name: string, path: string, text: string, breach: string][] = [
  [
    "an import that goes up",
    "src/core/a.ts",
    `import "../http/app.ts";`,
    "src/core/a.ts: src/core may not import src/http",
  ],
  [
    "a type import that goes up",
    "src/core/a.ts",
    `import type { A } from "../http/app.ts";`,
    "src/core/a.ts: src/core may not import src/http",
  ],
  [
    "a dynamic import that goes up",
    "src/http/a.ts",
    `await import("../slave/slave.ts");`,
    "src/http/a.ts: src/http may not import src/slave",
  ],
  [
    "a neighbour without a door",
    "src/http/a.ts",
    `import "../link/link.ts";`,
    "src/http/a.ts: src/http may not import src/link",
  ],
  [
    "a role in a role",
    "src/master/a.ts",
    `import "../slave/slave.ts";`,
    "src/master/a.ts: src/master may not import src/slave",
  ],
  [
    "a room that this role may not use",
    "src/master/a.ts",
    `import "../link/link.ts";`,
    "src/master/a.ts: src/master may not import src/link",
  ],
  [
    "a test in the source",
    "src/core/a.ts",
    `import "../../test/support/until.ts";`,
    "src/core/a.ts: src/core may not import test",
  ],
  [
    "a package away from home",
    "src/core/a.ts",
    `import { z } from "zod";`,
    `src/core/a.ts: "zod" has its home elsewhere`,
  ],
  [
    "a package without a home",
    "src/core/a.ts",
    `import x from "@scope/left-pad/x";`,
    `src/core/a.ts: "@scope/left-pad/x" has no home in the plan`,
  ],
  [
    "a runtime's module",
    "src/core/a.ts",
    `import { Database } from "bun:sqlite";`,
    `src/core/a.ts: "bun:sqlite" has its home elsewhere`,
  ],
  [
    "a runtime's global",
    "src/core/a.ts",
    `export const x = Bun.version;`,
    "src/core/a.ts: only src/runtime may name Bun",
  ],
  [
    "a long file",
    "src/core/a.ts",
    "let a = 1;\n".repeat(301),
    "src/core/a.ts: 301 lines, more than 300: split it by idea",
  ],
  [
    "an empty name",
    "src/core/string-utils.ts",
    "",
    `src/core/string-utils.ts: the name "utils" says nothing of what is inside`,
  ],
  [
    "a long script",
    "scripts/a.ts",
    "a();\n".repeat(301),
    "scripts/a.ts: 301 lines, more than 300: split it by idea",
  ],
  [
    "a room that is not in the plan",
    "src/cellar/a.ts",
    "",
    "src/cellar: is on disk, not in the plan (scripts/layers-plan.ts)",
  ],
];

test.each(PLANTED)("findBreaches() finds %s", async (_, path, text, breach) => {
  expect(await breachesWith({ [path]: text })).toEqual([breach]);
});

test("findBreaches() finds a room that is in the plan alone", async () => {
  await using folder = await tempFolder();
  await folder.write("src/core/a.ts", "");
  const plan = { "src/core": { floor: 0 }, "src/attic": { floor: 1 } };
  expect(findBreaches(folder.path, plan)).toEqual(["src/attic: is in the plan, not on disk"]);
});

test("drawMermaid() draws each real import between rooms once, but for core", async () => {
  await using folder = await tempFolder();
  for (const [path, text] of Object.entries(CLEAN)) await folder.write(path, text);
  const arrows = drawMermaid(folder.path, SMALL_PLAN)
    .split("\n")
    .filter((line) => line.includes("-->"))
    .map((line) => line.trim());
  expect(arrows).toEqual([
    "commands --> slave",
    "link --> http",
    "master --> runtime",
    "slave --> link",
  ]);
});

test("PLAN makes exceptions only for its own rooms, and none that lies higher", () => {
  for (const room of Object.values(PLAN)) {
    for (const other of [...(room.doors ?? []), ...(room.not ?? [])]) {
      if (other === MANIFEST) continue;
      expect(PLAN).toHaveProperty([other]);
      expect(PLAN[other]?.floor).toBeLessThanOrEqual(room.floor);
    }
  }
});
