/** A model server with no features: `bun serve.ts MODEL` batches up to 32 items to two children over ipc. */
import { type ChildProcess, fork } from "node:child_process";
import { BENCH_MODELS, type BenchModelName } from "../plugins/serve-models.ts";
import { type ItemData, listenForInfer, put } from "./infer-http.ts";

const BATCH_SIZE = 32;
const CHILDREN = 2;

interface Item {
  x: ItemData;
  resolve: (y: Float32Array) => void;
}

const [name, role] = process.argv.slice(2);
const { floatsIn, floatsOut, run } = BENCH_MODELS[name as BenchModelName];

/** The items of one batch in a row. */
function predict(inputs: Float32Array): Float32Array {
  const rows = inputs.length / floatsIn;
  const outputs = new Float32Array(rows * floatsOut);
  for (let row = 0; row < rows; row++) {
    const x = inputs.subarray(row * floatsIn, (row + 1) * floatsIn);
    run(x, outputs.subarray(row * floatsOut, (row + 1) * floatsOut));
  }
  return outputs;
}

function serve(): void {
  const queue: Item[] = [];
  const idle: ChildProcess[] = [];
  const running = new Map<ChildProcess, Item[]>();
  const dispatch = (): void => {
    while (queue.length > 0 && idle.length > 0) {
      const child = idle.pop() as ChildProcess;
      const items = queue.splice(0, BATCH_SIZE);
      const batch = new Uint8Array(items.length * floatsIn * 4);
      for (const [row, { x }] of items.entries()) put(x, batch, row * floatsIn);
      running.set(child, items);
      child.send(batch);
    }
  };
  for (let index = 0; index < CHILDREN; index++) {
    const child = fork(import.meta.path, [String(name), "child"], { serialization: "advanced" });
    idle.push(child);
    child.on("message", (outputs: Float32Array) => {
      for (const [row, item] of (running.get(child) ?? []).entries()) {
        item.resolve(outputs.subarray(row * floatsOut, (row + 1) * floatsOut));
      }
      idle.push(child);
      dispatch();
    });
  }
  listenForInfer(
    (x) =>
      new Promise((resolve) => {
        queue.push({ x, resolve });
        dispatch();
      }),
  );
}

if (role === "child") {
  process.on("message", (inputs: Uint8Array) => {
    process.send?.(predict(new Float32Array(inputs.buffer)));
  });
  process.on("disconnect", () => process.exit());
} else {
  serve();
}
