import { readFileSync, statSync } from "node:fs";

/** The text of the file that a `--remote-servers` names; undefined when it names none. */
export function readServerFile(text: string): string | undefined {
  const isFile = statSync(text, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? readFileSync(text, "utf8") : undefined;
}
