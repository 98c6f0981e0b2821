import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";

const ROOT = join(import.meta.dir, "../../..");
const TENSORS = /tensor|tfjs|onnx|torch/;

/** The packages that a module loads when it is loaded, it and all that it imports; `import()` is for later. */
function packagesOf(entry: string): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  const pending = [join(ROOT, entry)];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    // A page or a picture loads nothing.
    if (seen.has(path) || !path.endsWith(".ts")) continue;
    seen.add(path);
    for (const { path: name, kind } of transpiler.scanImports(readFileSync(path))) {
      if (kind === "dynamic-import" || name.startsWith("node:")) continue;
      if (name.startsWith(".")) pending.push(Bun.resolveSync(name, join(path, "..")));
      else found.add(name);
    }
  }
  return found;
}

test.each([
  "src/coordinator/coordinator.ts",
  "src/index.ts",
  "commands/coordinator.ts",
  "examples/cartpole/config.ts",
  "examples/league/config.ts",
])("%s, of a coordinator's process, loads no tensor library", (entry) => {
  expect([...packagesOf(entry)].filter((name) => TENSORS.test(name))).toEqual([]);
});

test("the learner of cartpole does, in a process of its own", () => {
  const packages = packagesOf("examples/cartpole/learner.ts");
  expect([...packages].filter((name) => TENSORS.test(name))).not.toEqual([]);
});
