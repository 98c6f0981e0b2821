import { DingError } from "../../core/errors.ts";

/** Far above any task that a slave takes; keeps a file that is no text from filling the memory. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
const LINE_END = 0x0a;

/** A line of a text and where it stands, counted from 1. */
export interface Line {
  number: number;
  text: string;
}

/** The lines of a UTF-8 stream, one in memory at a time; other bytes and endless lines are errors. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 1;
  /** The beginning of a line whose end has not come yet. */
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  const finish = (rest: Uint8Array): Line => {
    const bytes = begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
    [begun, begunBytes] = [[], 0];
    const line = { number, text: decode(decoder, bytes, { name, number }) };
    number += 1;
    return line;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      yield finish(chunk.subarray(from, end));
      from = end + 1;
    }
    if (from === chunk.length) continue;
    begun.push(chunk.subarray(from));
    begunBytes += chunk.length - from;
    if (begunBytes > MAX_LINE_BYTES) {
      throw new DingError("usage.invalid-input", `Cannot read ${name}: line ${number} is too long`);
    }
  }
  if (begunBytes > 0) yield finish(new Uint8Array());
}

function decode(
  decoder: TextDecoder,
  bytes: Uint8Array,
  place: { name: string; number: number },
): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new DingError(
      "usage.invalid-input",
      `Cannot read ${place.name}: line ${place.number} is not UTF-8 text`,
      { cause: error },
    );
  }
}
