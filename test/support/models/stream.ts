import { defineModel } from "ding";

/** What a stream does, piece by piece. */
interface Item {
  pieces: number;
  /** Between two pieces. */
  waitMs?: number;
  /** Before so many pieces: ends the process, the first time that a file of this name is not there. */
  dieOnce?: string;
  /** After so many pieces nothing comes any more. */
  hangAfter?: number;
}

// oxlint-disable-next-line import/no-default-export -- a plugin's default export is what is loaded
export default defineModel({
  predict: (_model, inputs: Item[]) => inputs.map(({ pieces }) => ({ pieces })),
  async *generate(_model, { pieces, waitMs = 0, dieOnce, hangAfter }: Item) {
    if (dieOnce !== undefined && !(await Bun.file(dieOnce).exists())) {
      await Bun.write(dieOnce, "");
      process.exit(9);
    }
    for (let piece = 0; piece < pieces; piece++) {
      if (piece === hangAfter) await new Promise(() => {});
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      yield piece;
    }
  },
});
