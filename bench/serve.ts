import { fiveMs } from "./serve/five-ms.ts";
import { idle } from "./serve/idle.ts";
import { outstanding } from "./serve/outstanding.ts";
import { silero } from "./serve/silero.ts";
import { trivial } from "./serve/trivial.ts";
import { build } from "./support/ding.ts";
import { Press } from "./support/press.ts";
import type { Row } from "./support/row.ts";

/** `ding serve` against bare prototypes of the same paths, and against arithmetic. */
export async function* bench(): AsyncGenerator<Row> {
  build();
  using press = await Press.open();
  yield* trivial(press);
  yield* fiveMs(press);
  yield* silero(press);
  yield* outstanding();
  yield* idle();
}
