import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CONTEXT, FRAME, STATE } from "../../../../examples/voice/frame.ts";
import { readWav } from "../../../../examples/voice/wav.ts";
import { Client } from "../../../../src/serve/client/client.ts";
import { Chance } from "../../../support/chance.ts";
import { runExample } from "../../../support/run-example.ts";
import { ROOT } from "../../../support/runtimes.ts";
import { startServe } from "../../../support/serve.ts";

const VOICE = join(ROOT, "examples/voice/voice.ts");
const HELLO = "examples/voice/hello.wav";

/** The probability of speech in each frame of a stream. */
async function listenTo(client: Client, samples: Float32Array): Promise<number[]> {
  const padded = new Float32Array(CONTEXT + samples.length);
  padded.set(samples, CONTEXT);
  let state: Float32Array = new Float32Array(STATE);
  const probabilities: number[] = [];
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    const x = padded.slice(at, at + CONTEXT + FRAME);
    const answer = await client.encode<{ speech: [number]; state: Float32Array }>({ x, state });
    state = answer.state;
    probabilities.push(answer.speech[0]);
  }
  return probabilities;
}

test("examples/voice hears speech, and no speech in noise, hum and silence, several streams at a time", async () => {
  await using server = await startServe(["--plugin", VOICE, "--batch-size", "8"]);
  await using client = new Client({ port: server.port });
  const speech = readWav(await readFile(join(ROOT, HELLO)));
  const chance = new Chance(1);
  const noise = Float32Array.from(speech, () => chance.next() * 0.6 - 0.3);
  const hum = Float32Array.from(speech, (_, i) => Math.sin((i * 2 * Math.PI * 50) / 16_000) / 2);
  const streams = [speech, noise, hum, new Float32Array(speech.length), speech];
  const heard = await Promise.all(streams.map((samples) => listenTo(client, samples)));
  const speaking = heard.map((each) => each.filter((probability) => probability > 0.5).length);
  const [first = 0, inNoise, inHum, inSilence, again] = speaking;
  expect(first).toBeGreaterThan(30);
  expect(first).toBeLessThan(50); // of 98: the file begins and ends with silence
  expect([inNoise, inHum, inSilence]).toEqual([0, 0, 0]);
  // The same stream is heard the same, whatever runs beside it.
  expect(again).toBe(first);
});

test("examples/voice/listen.ts says when somebody speaks", async () => {
  await using server = await startServe(["--plugin", VOICE], { runtime: "bun" });
  const { stdout } = await runExample("examples/voice/listen.ts", [server.url, HELLO]);
  const spans = [...stdout.matchAll(/^speech from (\d+) to (\d+) ms$/gm)].map((span) => [
    Number(span[1]),
    Number(span[2]),
  ]);
  expect(spans).toHaveLength(2); // "Hello", "this is ding"
  expect(spans[0]?.[0]).toBeWithin(700, 1_000);
  expect(spans[1]?.[1]).toBeWithin(2_100, 2_500);
});
