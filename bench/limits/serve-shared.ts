/** As serve.ts, for large inputs: they go to two children through files of /dev/shm, ipc only rings. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BENCH_MODELS, type BenchModelName } from "../plugins/serve-models.ts";
import { type ItemData, listenForInfer, put } from "./infer-http.ts";

const CHILDREN = 2;

const [name, role, path] = process.argv.slice(2);
const { floatsIn, floatsOut, run } = BENCH_MODELS[name as BenchModelName];

interface Item {
  x: ItemData;
  resolve: (y: Float32Array) => void;
}

function serve(): void {
  const folder = mkdtempSync("/dev/shm/bench-");
  process.on("exit", () => rmSync(folder, { recursive: true }));
  process.on("SIGTERM", () => process.exit());
  const queue: Item[] = [];
  const idle: ((item: Item) => void)[] = [];
  for (let index = 0; index < CHILDREN; index++) {
    const file = join(folder, String(index));
    writeFileSync(file, "");
    truncateSync(file, floatsIn * 4);
    idle.push(
      childOf(file, (run) => {
        const next = queue.shift();
        if (next) run(next);
        else idle.push(run);
      }),
    );
  }
  listenForInfer(
    (x) =>
      new Promise((resolve) => {
        const child = idle.pop();
        if (child) child({ x, resolve });
        else queue.push({ x, resolve });
      }),
  );
}

/** A child as a function that runs one item; `onIdle` gets it back. */
function childOf(file: string, onIdle: (run: (item: Item) => void) => void): (item: Item) => void {
  const options = { serialization: "advanced" } as const;
  const child: ChildProcess = fork(import.meta.path, [String(name), "child", file], options);
  const memory = Bun.mmap(file, { shared: true });
  let resolve: Item["resolve"] = () => {};
  const give = (item: Item): void => {
    put(item.x, memory, 0);
    resolve = item.resolve;
    child.send(0);
  };
  child.on("message", (outputs: Float32Array) => {
    resolve(outputs);
    onIdle(give);
  });
  return give;
}

if (role === "child") {
  const { buffer } = Bun.mmap(String(path), { shared: true });
  const memory = new Float32Array(buffer, 0, floatsIn);
  process.on("message", () => {
    const y = new Float32Array(floatsOut);
    run(memory, y);
    process.send?.(y);
  });
  process.on("disconnect", () => process.exit());
} else {
  serve();
}
