import { atRest } from "./interaction/at-rest.ts";
import { slaveDeath, masterDeath } from "./interaction/deaths.ts";
import { doubles } from "./interaction/doubles.ts";
import { eightSlaves } from "./interaction/eight-slaves.ts";
import { oneAfterAnother } from "./interaction/one-after-another.ts";
import { build } from "./support/ding.ts";
import type { Row } from "./support/row.ts";

/** `ding slave` and a master of the library, against bare prototypes of the same paths. */
export async function* bench(): AsyncGenerator<Row> {
  build();
  yield oneAfterAnother("none");
  yield oneAfterAnother("process");
  yield eightSlaves("none");
  yield eightSlaves("process");
  yield* doubles();
  yield* slaveDeath();
  yield* masterDeath();
  yield* atRest();
}
