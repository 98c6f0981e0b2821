// Reads pictures with a server: bun examples/ocr/read.ts http://127.0.0.1:8900 one.png other.jpg
import { readFile } from "node:fs/promises";
import { Client } from "ding";
import type { Reading } from "./reading.ts";

const [server = "", ...files] = process.argv.slice(2);
await using client = new Client({ servers: [server] });
// All at once: the server makes batches of them.
const readings = await Promise.all(
  files.map(async (file) => client.encode<Reading>(await readFile(file))),
);
for (const [index, { text, score }] of readings.entries()) {
  console.log(`${files[index]}: ${text} (${score.toFixed(2)})`);
}
