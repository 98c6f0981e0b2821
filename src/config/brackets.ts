import { NOT_CONVERTIBLE } from "./convert.ts";

const MAX_DEPTH = 16;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;
const WORD = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^[\],"'\s][^[\],]*)?)\s*/y;

/** How many brackets of the text are still open; below 0 when one too many is closed. */
export function openBrackets(text: string): number {
  const bare = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "");
  return bare.split("[").length - bare.split("]").length;
}

/** Reads JSON, and lists as people type them: `[[10.0.0.1, 1], [n2, 2]]`; NOT_CONVERTIBLE if it is neither. */
export function readBrackets(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return new BracketReader(text).read();
  }
}

class BracketReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.trim();
  }

  read(): unknown {
    const value = this.#list(0);
    return this.#at === this.#text.length ? value : NOT_CONVERTIBLE;
  }

  #list(depth: number): unknown {
    if (!this.#take("[") || depth > MAX_DEPTH) return NOT_CONVERTIBLE;
    const items: unknown[] = [];
    if (this.#take("]")) return items;
    do {
      const item = this.#isAt("[") ? this.#list(depth + 1) : this.#word();
      if (item === NOT_CONVERTIBLE) return NOT_CONVERTIBLE;
      items.push(item);
    } while (this.#take(","));
    return this.#take("]") ? items : NOT_CONVERTIBLE;
  }

  #word(): unknown {
    WORD.lastIndex = this.#at;
    const [whole = "", inDouble, inSingle, bare = ""] = WORD.exec(this.#text) ?? [];
    this.#at += whole.length;
    if (inDouble !== undefined) return readBrackets(`"${inDouble}"`);
    if (inSingle !== undefined) return inSingle;
    const word = bare.trim();
    if (word === "") return NOT_CONVERTIBLE;
    return NUMBER.test(word) ? Number(word) : word;
  }

  #isAt(letter: string): boolean {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    return this.#text[this.#at] === letter;
  }

  #take(letter: string): boolean {
    const isThere = this.#isAt(letter);
    if (isThere) this.#at += 1;
    return isThere;
  }
}
