import { once } from "node:events";
import { closeSync, openSync, writeSync } from "node:fs";
import { DingError, messageOf } from "../src/core/errors.ts";

/** Where results go. */
export interface ResultsOut extends Disposable {
  write(text: string): Promise<void>;
}

/** Standard output, or the file of --out; throws `usage.invalid-option`. */
export function openOut(path: string | undefined): ResultsOut {
  if (path === undefined) {
    return {
      async write(text) {
        // Whoever reads slower than results come holds them up, and not the memory.
        if (!process.stdout.write(text)) await once(process.stdout, "drain");
      },
      [Symbol.dispose]() {},
    };
  }
  const fd = openFile(path);
  return {
    async write(text) {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, "w");
  } catch (cause) {
    throw new DingError(
      "usage.invalid-option",
      `Cannot use --out: "${path}": ${messageOf(cause)}`,
      { cause },
    );
  }
}
