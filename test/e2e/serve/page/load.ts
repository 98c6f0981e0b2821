/** Asks a model on and on, until it is stopped. */
export class Load {
  answered = 0;
  failed = 0;
  #isStopped = false;
  readonly #loops: Promise<void>[];

  constructor(url: string, { loops = 8 } = {}) {
    this.#loops = Array.from({ length: loops }, (_, index) => this.#loop(url, index));
  }

  /** Resolves when the last answer is there. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  async #loop(url: string, index: number): Promise<void> {
    for (let count = 0; !this.#isStopped; count++) {
      // One of fifty is told by the model that it is wrong.
      const item = count % 50 === 7 ? { throw: `item ${index}` } : { echo: count, waitMs: 2 };
      const answer = await fetch(`${url}/predict`, {
        method: "POST",
        body: JSON.stringify({ input: item }),
      });
      await answer.arrayBuffer();
      if (answer.ok) this.answered++;
      else this.failed++;
    }
  }
}

/** A number of /metrics; of all lines that begin so, together. */
export async function metricOf(url: string, start: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(start));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
