/** Where a text stops being JSON, counted from 1, and why. */
export interface JsonFault {
  line: number;
  column: number;
  reason: string;
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** The first fault of a text that `JSON.parse` refused; runtimes differ in whether they tell where it is. */
export function findJsonFault(text: string): JsonFault {
  const fault = new Scanner(text).scan() ?? { offset: text.length, reason: "not valid JSON" };
  const before = text.slice(0, fault.offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return {
    line: before.split("\n").length,
    column: fault.offset - lineStart + 1,
    reason: fault.reason,
  };
}

/** What people write who think of another language. */
const HINTS: Readonly<Record<string, string>> = {
  "": "the text ends too early: a value is expected",
  "'": "texts stand in double quotes",
  "/": "comments are not allowed",
};

type Fault = { offset: number; reason: string };

/** Walks over one JSON text without recursion, so that no nesting is too deep for it. */
class Scanner {
  readonly #text: string;
  readonly #open: ("[" | "{")[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): Fault | undefined {
    for (;;) {
      const opened = this.#value();
      if (typeof opened === "object") return opened;
      if (opened === "opened") continue;
      const next = this.#afterValue();
      if (next === "end") return undefined;
      if (typeof next === "object") return next;
    }
  }

  /** One scalar, or the opening of a list or object up to where its first value begins. */
  #value(): "scalar" | "opened" | Fault {
    const sign = this.#peek();
    if (sign === "[" || sign === "{") {
      this.#at += 1;
      if (this.#peek() === (sign === "[" ? "]" : "}")) {
        this.#at += 1;
        return "scalar";
      }
      this.#open.push(sign);
      return sign === "[" ? "opened" : (this.#key("a key in double quotes or '}'") ?? "opened");
    }
    if (sign === '"') return this.#string() ?? "scalar";
    if (this.#skip(NUMBER) || this.#skip(WORD)) return "scalar";
    return this.#fault(HINTS[sign] ?? "a value is expected");
  }

  /** The comma and key before the next value, or the closings after the last one. */
  #afterValue(): "more" | "end" | Fault {
    for (;;) {
      const sign = this.#peek();
      const open = this.#open.at(-1);
      if (!open) return sign === "" ? "end" : this.#expected("the end of the text");
      const close = open === "[" ? "]" : "}";
      if (sign === ",") {
        const comma = this.#at;
        this.#at += 1;
        if (this.#peek() === close) {
          this.#at = comma;
          return this.#fault("this comma is one too many");
        }
        return open === "[" ? "more" : (this.#key("a key in double quotes") ?? "more");
      }
      if (sign !== close) return this.#expected(`',' or '${close}'`);
      this.#at += 1;
      this.#open.pop();
    }
  }

  #key(what: string): Fault | undefined {
    if (this.#peek() !== '"') return this.#expected(what);
    const fault = this.#string();
    if (fault) return fault;
    if (this.#peek() !== ":") return this.#expected("':'");
    this.#at += 1;
    return undefined;
  }

  #string(): Fault | undefined {
    for (this.#at += 1; ; this.#at += 1) {
      const sign = this.#text[this.#at];
      if (sign === undefined || sign < " ") return this.#expected("'\"' at the end of the string");
      if (sign === '"') break;
      if (sign !== "\\") continue;
      if (!this.#skip(ESCAPE)) return this.#expected("an escape like \\n or \\u00e9");
      this.#at -= 1;
    }
    this.#at += 1;
    return undefined;
  }

  /** The next sign that is no space; empty at the end. */
  #peek(): string {
    this.#skip(SPACE);
    return this.#text[this.#at] ?? "";
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #expected(what: string): Fault {
    return this.#fault(`${what} is expected`);
  }

  #fault(reason: string): Fault {
    return { offset: this.#at, reason };
  }
}
