// When does somebody speak? bun examples/voice/listen.ts http://127.0.0.1:8900 examples/voice/hello.wav
import { readFile } from "node:fs/promises";
import { Client } from "ding";
import { CONTEXT, FRAME, STATE } from "./frame.ts";
import { readWav } from "./wav.ts";

const MS_OF_FRAME = 32;

const [server = "", file = ""] = process.argv.slice(2);
const samples = readWav(await readFile(file));
await using client = new Client({ servers: [server] });

// A stream asks frame by frame, as each takes the state of the one before; many streams make batches.
let state: Float32Array = new Float32Array(STATE);
let startMs: number | undefined;
const padded = new Float32Array(CONTEXT + samples.length);
padded.set(samples, CONTEXT);
for (let frame = 0; (frame + 1) * FRAME <= samples.length; frame++) {
  const x = padded.slice(frame * FRAME, frame * FRAME + CONTEXT + FRAME);
  const answer = await client.encode<{ speech: [number]; state: Float32Array }>({ x, state });
  state = answer.state;
  const isSpeech = answer.speech[0] > 0.5;
  if (isSpeech) startMs ??= frame * MS_OF_FRAME;
  else if (startMs !== undefined) {
    console.log(`speech from ${startMs} to ${frame * MS_OF_FRAME} ms`);
    startMs = undefined;
  }
}
