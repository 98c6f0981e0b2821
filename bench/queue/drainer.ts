/** Drains the queue `argv[2]` with 8 units from the time `argv[3]` on; prints when its last job was done. */
import { openQueue } from "../../src/broker/open-queue.ts";
import { delay } from "../../src/core/wait.ts";
import { UNITS } from "./flow.ts";

const IDLE_MS = 500;

const queue = await openQueue(process.argv[2] ?? "");
await delay(Number(process.argv[3]) - Date.now());
let lastMs = Date.now();
const onSettled = (): void => void (lastMs = Date.now());
await queue.subscribe(() => {}, { concurrency: UNITS, onSettled });
while (Date.now() - lastMs < IDLE_MS) await delay(IDLE_MS / 4);
console.log(`${lastMs}`);
await queue.close();
