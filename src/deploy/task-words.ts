import { quoteForShell } from "./quote.ts";

/** A `ding task` that a platform starts, as words of a command line; of options a flag and its value each. */
export interface TaskWords {
  /** ["--main", "./main.ts"] and the like. */
  words: [flag: string, ...value: string[]][];
}

/** The words as one line of a shell. */
export function shellLine(program: readonly string[], { words }: TaskWords): string {
  return [...program, ...words.flat()].map(quoteForShell).join(" ");
}

/** The words as lines of a shell that go on, an option each. */
export function shellLines(program: readonly string[], { words }: TaskWords): string {
  const lines = [program, ...words].map((line) => line.map(quoteForShell).join(" "));
  return lines.join(" \\\n    ");
}

/** The value of a flag, if it is there. */
export function valueOf({ words }: TaskWords, flag: string): string | undefined {
  return words.find(([name]) => name === flag)?.[1];
}
