import { alone } from "./replay/alone.ts";
import { assignments } from "./replay/assign.ts";
import { frames, link, weights } from "./replay/link.ts";
import type { Row } from "./support/row.ts";

/** The replay in one process and over links between processes, and the weights. */
export async function* bench(): AsyncGenerator<Row> {
  yield* alone();
  yield* link();
  yield* frames();
  yield* weights();
  yield* assignments();
}
