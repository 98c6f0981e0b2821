import { DingError } from "../src/core/errors.ts";
import { isRecord } from "../src/core/is-record.ts";
import { writeJson } from "../src/protocol/json-writer.ts";
import type { Client } from "../src/serve/client/client.ts";
import type { ResultsOut } from "./_serve-call-out.ts";

/** What became of one item. One that was read piece by piece has no output besides. */
export interface Outcome {
  index: number;
  id: string;
  ms: number;
  output?: unknown;
  error?: DingError;
}

/** Sends an item; never rejects. */
export type Begin = (item: unknown, index: number) => Promise<Outcome>;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** How lines are written. */
interface LineOptions {
  json: boolean;
}

/** Sends items for their outputs. */
export function ask(client: Client): Begin {
  return (item, index) => timed(index, async () => ({ output: shown(await client.encode(item)) }));
}

/** Sends items for streams and writes a line for each piece as it comes. */
export function readPieces(client: Client, { json }: LineOptions, out: ResultsOut): Begin {
  return (item, index) =>
    timed(index, async () => {
      const id = idOf(index);
      for await (const piece of client.stream(item)) {
        const line = writeJson(json ? { index, id, piece: shown(piece) } : shown(piece));
        await out.write(`${line}\n`);
      }
      return {};
    });
}

/** The line that tells of an outcome; undefined when its pieces have told all. */
export function lineOf(outcome: Outcome, { json }: LineOptions): string | undefined {
  const { index, id, ms, output, error } = outcome;
  const told = error ? { error: error.toJSON() } : "output" in outcome ? { output } : {};
  if (json) return writeJson({ index, id, ...told, ms });
  if (error) return writeJson(told);
  return "output" in outcome ? writeJson(output) : undefined;
}

/** A tensor of BYTES is a list of texts, where they are such. */
function shown(output: unknown): unknown {
  const isPlain = isRecord(output) && Object.getPrototypeOf(output) === Object.prototype;
  if (!isPlain) return output ?? null;
  return Object.fromEntries(Object.entries(output).map(([name, value]) => [name, texts(value)]));
}

function texts(value: unknown): unknown {
  const isBytes = Array.isArray(value) && value.every((one) => one instanceof Uint8Array);
  if (!isBytes) return value;
  try {
    return value.map((one) => decoder.decode(one as Uint8Array));
  } catch {
    return value;
  }
}

async function timed(index: number, run: () => Promise<{ output?: unknown }>): Promise<Outcome> {
  const startedAt = performance.now();
  const facts = (): { index: number; id: string; ms: number } => {
    const ms = Math.round((performance.now() - startedAt) * 1_000) / 1_000;
    return { index, id: idOf(index), ms };
  };
  try {
    const result = await run();
    return { ...facts(), ...result };
  } catch (thrown) {
    return { ...facts(), error: DingError.from(thrown) };
  }
}

function idOf(index: number): string {
  return String(index + 1);
}
