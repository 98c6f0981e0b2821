/** Where a text stops being JSON, counted from 1, and why. */
export interface JsonFault {
  line: number;
  column: number;
  reason: string;
}

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Finds the first fault in a text that `JSON.parse` refused: its own message has no position everywhere. */
export function findJsonFault(text: string): JsonFault {
  const scan = new Scan(text);
  try {
    scan.value();
    scan.end();
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return place(text, thrown.offset, thrown.message);
  }
  return place(text, text.length, "not valid JSON");
}

class Fault extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

class Scan {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): void {
    this.#skip(SPACE);
    if (this.#take("{")) return this.#members("}", () => this.#member());
    if (this.#take("[")) return this.#members("]", () => this.value());
    if (!this.#skip(STRING) && !this.#skip(PLAIN)) this.#fail(this.#whyNoValue());
    this.#skip(SPACE);
  }

  end(): void {
    if (this.#offset < this.#text.length) this.#fail("nothing may follow the value");
  }

  #member(): void {
    this.#skip(SPACE);
    if (!this.#skip(STRING)) this.#fail("a name in double quotes is expected");
    this.#skip(SPACE);
    if (!this.#take(":")) this.#fail('":" is expected after the name');
    this.value();
  }

  #members(close: string, member: () => void): void {
    this.#skip(SPACE);
    if (!this.#take(close)) {
      do {
        this.#skip(SPACE);
        if (this.#text[this.#offset] === close)
          this.#fail(`a comma before "${close}" is one too many`);
        member();
      } while (this.#take(","));
      if (!this.#take(close)) this.#fail(`"," or "${close}" is expected`);
    }
    this.#skip(SPACE);
  }

  #whyNoValue(): string {
    const next = this.#text[this.#offset];
    if (next === undefined) return "the text ends too early";
    if (next === "'") return "texts stand in double quotes";
    if (next === "/") return "comments are not allowed";
    return next === '"' ? "the text in quotes is not valid or does not end" : "a value is expected";
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#text);
    this.#offset += match?.[0].length ?? 0;
    return match !== null;
  }

  #take(letter: string): boolean {
    if (this.#text[this.#offset] !== letter) return false;
    this.#offset++;
    return true;
  }

  #fail(reason: string): never {
    throw new Fault(this.#offset, reason);
  }
}

function place(text: string, offset: number, reason: string): JsonFault {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, reason };
}
