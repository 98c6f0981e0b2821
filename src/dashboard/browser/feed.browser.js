import { authorized } from "./token.browser.js";

const EVERY_MS = 1_000;
const LONGEST_MS = 15_000;
const PATIENCE_MS = 10_000;

/** Asks once a second while the page is seen; less and less often while nobody answers. */
export class Feed {
  #query;
  #onFeed;
  #onGone;
  #failures = 0;
  #timer;
  #isAsking = false;
  #again = false;

  /** `query` gives what to ask for; `onFeed` gets the answer and the query; `onGone` why there was none, and when it is tried again. */
  constructor({ query, onFeed, onGone }) {
    this.#query = query;
    this.#onFeed = onFeed;
    this.#onGone = onGone;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.now();
    });
  }

  /** Asks at once, whenever the next time would be. */
  now() {
    clearTimeout(this.#timer);
    if (this.#isAsking) this.#again = true;
    else void this.#ask();
  }

  async #ask() {
    this.#isAsking = true;
    this.#again = false;
    const query = this.#query();
    try {
      const answer = await authorized(`/dashboard/feed?${parametersOf(query)}`, {
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!answer.ok) throw new Error(`it answers with ${answer.status}`);
      const fed = await answer.json();
      this.#failures = 0;
      if (!this.#again) this.#onFeed(fed, query);
    } catch (error) {
      this.#failures++;
      this.#onGone(reasonOf(error), this.#pauseMs());
    }
    this.#isAsking = false;
    if (this.#again) this.now();
    else if (!document.hidden) this.#timer = setTimeout(() => this.now(), this.#pauseMs());
  }

  #pauseMs() {
    return Math.min(LONGEST_MS, EVERY_MS * 2 ** Math.max(0, this.#failures - 1));
  }
}

function parametersOf({ sinceMs, scope }) {
  const parameters = new URLSearchParams();
  if (sinceMs !== undefined) parameters.set("since", String(sinceMs));
  if (scope !== "") parameters.set("scope", scope);
  return parameters;
}

function reasonOf(error) {
  if (error instanceof DOMException) return "it does not answer";
  return error instanceof TypeError ? "it cannot be reached" : error.message;
}
