/** A worker's process of the bench: `worker.ts ROLE URL TICKET …`. */
import { silentLogger } from "../../src/core/log.ts";
import { RemoteReplay } from "../../src/coordinator/replay-link/remote-replay.ts";
import { RemoteWeights } from "../../src/coordinator/weights/remote-weights.ts";
import { dialWorkerLink } from "../../src/coordinator/worker-link/dial-worker-link.ts";

const BATCH = 4_096;
/** Inserts that are under way, and batches that were asked for ahead. */
const INSERTS = 8;
const AHEAD = 4;
const SAMPLERS = 2;
/** Of one insert. */
const FRAMES = 64;
const FRAME_BYTES = 84 * 84 * 4;

const [role = "", url = "", ticket = "", ...rest] = process.argv.slice(2);
const { signal } = new AbortController();
/** The same clock in all processes, to a fraction of a millisecond. */
const now = (): number => performance.timeOrigin + performance.now();

let weights: RemoteWeights | undefined;
const port = await dialWorkerLink(
  { url, ticket },
  {
    call: (call) => void weights?.answer(call),
    lost: () => process.exit(0),
  },
  { log: silentLogger, signal },
);
weights = new RemoteWeights({ port, policyId: "p", signal });
const replay = new RemoteReplay({
  port,
  signal,
  actingVersion: () => 0,
  holdUntil: () => Promise.resolve(),
});

/** How many a second, of some lanes that each do one thing after the other. */
async function rate(
  seconds: number,
  { lanes, batch = BATCH }: { lanes: number; batch?: number },
  work: () => Promise<unknown>,
): Promise<number> {
  const until = now() + seconds * 1000;
  const from = now();
  let done = 0;
  const lane = async (): Promise<void> => {
    while (now() < until) {
      await work();
      done += batch;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done / ((now() - from) / 1000);
}

if (role === "insert" || role === "sample") {
  const obs = new Float32Array(4 * BATCH);
  const work =
    role === "insert"
      ? () => replay.insert({ obs, next: obs })
      : () => replay.sample(BATCH, { prefetch: AHEAD });
  await work();
  const lanes = role === "insert" ? INSERTS : SAMPLERS;
  await rate(1, { lanes }, work); // warm
  console.log(JSON.stringify({ perSecond: await rate(Number(rest[0]), { lanes }, work) }));
} else if (role === "frames") {
  const frame = new Uint8Array(FRAMES * FRAME_BYTES);
  const work = (): Promise<unknown> => replay.insert({ frame });
  const lanes = { lanes: INSERTS / 2, batch: FRAMES };
  await rate(1, lanes, work); // warm
  console.log(JSON.stringify({ perSecond: await rate(Number(rest[0]), lanes, work) }));
} else if (role === "weights") {
  console.log("ready");
  for (let newerThan = 0; ;) {
    const { version } = await weights.next({ newerThan });
    newerThan = version;
    console.log(JSON.stringify({ version, at: now() }));
  }
} else if (role === "publish") {
  const [bytes = 0, count = 0] = rest.map(Number);
  const begun: number[] = [];
  for (let at = 0; at < count; at++) {
    const blob = new Uint8Array(bytes).fill(at);
    begun.push(now());
    await weights.publish(blob);
    await new Promise((resolve) => setTimeout(resolve, 500)); // until all have it
  }
  console.log(JSON.stringify({ begun }));
}
