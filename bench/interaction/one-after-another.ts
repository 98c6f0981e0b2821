import { join } from "node:path";
import { IpcEcho } from "../limits/ipc-echo.ts";
import { WebSocketEcho } from "../limits/websocket-echo.ts";
import type { Isolate } from "../support/ding.ts";
import { onOneCore } from "../support/one-core.ts";
import { Processes } from "../support/processes.ts";
import { inTurns, tripMicros } from "../support/rounds.ts";
import { ratioRow, type Row } from "../support/row.ts";
import { Fleet } from "./fleet.ts";

const ECHO = join(import.meta.dir, "../limits/websocket-echo.ts");
const TRIPS = 1_000;
const WORK = { a: 1, b: 2 };
/** The ancestor's median, start and join. */
const ANCESTOR_MICROS = 1_610;

/** The sum of a and b, start and join, one after another, against bare echoes of the same bytes. */
export function oneAfterAnother(isolate: Isolate): Promise<Row> {
  return onOneCore(async () => {
    await using stack = new AsyncDisposableStack();
    const processes = stack.use(new Processes());
    const echo = await processes.start(process.execPath, [ECHO]);
    const webSocket = stack.adopt(await WebSocketEcho.open(Number(echo.line)), (it) => it.close());
    const ipc = isolate === "process" ? stack.adopt(new IpcEcho(), (it) => it.close()) : undefined;
    const fleet = stack.use(await Fleet.start(1, isolate));
    const run = fleet.real[0]!;
    if ((await run(WORK)) !== 3) throw new Error("A slave cannot add");
    const compared = await inTurns({
      rounds: 15,
      // A slave runs for months: what counts is its code once the runtime has compiled it.
      warmUps: 15,
      limit: async () => {
        const there = await tripMicros(TRIPS, () => webSocket.trip(WORK));
        return ipc ? there + (await tripMicros(TRIPS, () => ipc.trip(WORK))) : there;
      },
      real: () => tripMicros(TRIPS, () => run(WORK)),
    });
    const id = `one after another, isolate ${isolate}`;
    return ratioRow({ id, unit: "µs", peer: ANCESTOR_MICROS, bound: 2.5 }, compared);
  });
}
