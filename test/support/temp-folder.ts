import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder of its own that is gone, with all in it, at the end of the block: `await using folder = await tempFolder()`. */
export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  /** The path of `name` inside. */
  file(name: string): string;
  /** Writes `name`, with the folders above it, and gives its path; what is no text is written as JSON. */
  write(name: string, content: unknown): Promise<string>;
}

/** Makes an empty folder outside of the repository. */
export async function tempFolder(): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), "ding-test-"));
  const file = (name: string): string => join(path, name);
  return {
    path,
    file,
    async write(name, content) {
      await mkdir(dirname(file(name)), { recursive: true });
      const isText = typeof content === "string" || content instanceof Uint8Array;
      await writeFile(file(name), isText ? content : JSON.stringify(content));
      return file(name);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}
