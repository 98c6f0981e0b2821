import { delay } from "../core/wait.ts";
import type { RequestInfo } from "../runtime/http-server.ts";

type Fetch = (request: Request, info: RequestInfo) => Response | Promise<Response>;

const LOOK_MS = 5;
/**
 * When at so many looks nobody has come who was not there yet, all who ask again and again wait for their answers.
 * Looks, not one long wait: on a busy machine each takes longer, as it does for the clients to come, and a wait that
 * this process has overslept tells nothing of those who came meanwhile.
 */
const QUIET_LOOKS = 10;
/** New clients, one after the other, are not waited for longer. */
const MOST_LOOKS = 60;
const LONGEST_HOLD_MS = 1_000;

/**
 * How a port takes leave of its clients: whoever asks without a pause must not be cut off between two requests,
 * by a port that closes just as he connects.
 *
 *   open ── begin(): each answer closes its connection → parting ── hold(): answers wait → holding
 *        ── the port closes, release(): all answers at once; whoever has one and asks again finds nobody
 */
export class Parting {
  #isParting = false;
  #hasServed = false;
  /** How many requests have come since it began. */
  #asked = 0;
  #released: PromiseWithResolvers<void> | undefined;

  begin(): void {
    this.#isParting = true;
  }

  /** Lets requests through to `fetch`. */
  around(fetch: Fetch): Fetch {
    return (request, info) => {
      this.#hasServed = true;
      const answer = fetch(request, info);
      if (!this.#isParting) return answer;
      this.#asked += 1;
      return this.#last(answer);
    };
  }

  /** Keeps answers back until `release`; resolves when those who ask without a pause wait for one. */
  async hold(): Promise<void> {
    if (!this.#isParting || !this.#hasServed) return;
    this.#released ??= Promise.withResolvers();
    const end = performance.now() + LONGEST_HOLD_MS;
    let quiet = 0;
    for (let look = 0; look < MOST_LOOKS && performance.now() < end; look++) {
      const seen = this.#asked;
      await delay(LOOK_MS);
      quiet = this.#asked > seen ? 0 : quiet + 1;
      if (quiet >= QUIET_LOOKS) return;
    }
  }

  release(): void {
    this.#released?.resolve();
  }

  async #last(answer: Response | Promise<Response>): Promise<Response> {
    const response: Response | undefined = await answer;
    await this.#released?.promise;
    // A request that became a WebSocket has none.
    response?.headers.set("Connection", "close");
    return response;
  }
}
