import { readFileSync, statSync } from "node:fs";

/** The text of the file that a `--remote-servers` names; undefined when it names none. */
export function readServerFile(text: string): string | undefined {
  return isFile(text) ? readFileSync(text, "utf8") : undefined;
}

function isFile(text: string): boolean {
  try {
    return statSync(text, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false; // a list of many servers is longer than any file's name
  }
}
