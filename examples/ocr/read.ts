// Reads pictures with a server: bun examples/ocr/read.ts http://127.0.0.1:8900 one.png other.jpg
import { readFile } from "node:fs/promises";
import { Client } from "ding";

const [server = "", ...files] = process.argv.slice(2);
await using client = new Client({ servers: [server] });

// All at once: the server makes batches of them.
const lines = files.map(async (file) => {
  const answer = await client.encode<{ text: [string]; score: [number] }>(await readFile(file));
  return `${file}: ${answer.text[0]} (${answer.score[0].toFixed(2)})`;
});
for (const line of lines) console.log(await line);
