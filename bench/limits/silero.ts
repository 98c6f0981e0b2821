/** The model of examples/voice with nothing around it: `bun silero.ts ROWS SECONDS THREADS` prints how many rows a second one process gets. */
import { createRequire } from "node:module";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { CELLS, CONTEXT, FRAME, LAYERS } from "../../examples/voice/frame.ts";

const MODEL = createRequire(import.meta.url).resolve("@ricky0123/vad-web/dist/silero_vad_v5.onnx");
const WARM_UPS = 50;

const [rows = 1, seconds = 1, threads = 1] = process.argv.slice(2).map(Number);
const session = await InferenceSession.create(MODEL, { intraOpNumThreads: threads });
const floats = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, at) => ((at * 7_919) % 1_000) / 1_000);

const feeds = {
  input: new Tensor("float32", floats(rows * (CONTEXT + FRAME)), [rows, CONTEXT + FRAME]),
  state: new Tensor("float32", floats(rows * LAYERS * CELLS), [LAYERS, rows, CELLS]),
  sr: new Tensor("int64", [16_000n], []),
};

async function run(): Promise<void> {
  const outputs = await session.run(feeds);
  if (outputs["output"]?.data.length !== rows) throw new Error("The model gives no answer");
}

for (let count = 0; count < WARM_UPS; count++) await run();
const startedMs = performance.now();
let batches = 0;
for (; performance.now() < startedMs + seconds * 1_000; batches++) await run();
console.log((batches * rows * 1_000) / (performance.now() - startedMs));
process.exit();
