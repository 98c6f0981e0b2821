import { DingError } from "../../core/errors.ts";

/** More names than any cluster has: what makes more is no list of nodes. */
const MOST_NODES = 100_000;

/**
 * The names of a Slurm list of nodes, in its order: several groups, zeros in front, ranges in more than one place and
 * within each other ("r[1-2]n[01-03,07],gpu[1-2]-ib,login"). Throws `usage.invalid-input` for what is none.
 */
export function expandNodelist(text: string): string[] {
  const reader = new Reader(text);
  const names = reader.list();
  reader.expectEnd();
  if (names.includes("")) throw reader.fault("a name is missing");
  return names;
}

/** A list that gives nothing but one empty word. */
const NOTHING: readonly string[] = [""];

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.trim();
  }

  /** Words with commas between, up to the end or a bracket that closes. */
  list(): string[] {
    const words = [...this.#word()];
    while (this.#text[this.#at] === ",") {
      this.#at += 1;
      words.push(...this.#word());
      this.#check(words.length);
    }
    return words;
  }

  expectEnd(): void {
    if (this.#at < this.#text.length) throw this.fault(`"${this.#text[this.#at]}" is not opened`);
  }

  fault(why: string): DingError {
    return new DingError(
      "usage.invalid-input",
      `Cannot read list of nodes "${this.#text}": ${why}`,
      {
        hint: "Slurm writes it as n[01-03,07],gpu[1-2].",
      },
    );
  }

  /** Plain letters and brackets in any order: each choice of one with each of the others. */
  #word(): readonly string[] {
    let words = NOTHING;
    for (;;) {
      const letter = this.#text[this.#at];
      if (letter === undefined || letter === "," || letter === "]") return words;
      const parts = letter === "[" ? this.#brackets() : [this.#plain()];
      this.#check(words.length * parts.length);
      words = words.flatMap((word) => parts.map((part) => word + part));
    }
  }

  #plain(): string {
    const [plain = ""] = /^[^,[\]]+/.exec(this.#text.slice(this.#at)) ?? [];
    if (/\s/.test(plain)) throw this.fault("there is a space in it");
    this.#at += plain.length;
    return plain;
  }

  #brackets(): string[] {
    this.#at += 1;
    const parts = this.list().flatMap((part) => this.#range(part));
    if (this.#text[this.#at] !== "]") throw this.fault("a bracket is not closed");
    this.#at += 1;
    if (parts.includes("")) throw this.fault("a range is missing");
    return parts;
  }

  #range(part: string): string[] {
    const [, from, to] = /^(\d+)-(\d+)$/.exec(part) ?? [];
    if (from === undefined || to === undefined) {
      if (/^-|-$|:/.test(part)) throw this.fault(`"${part}" is no range`);
      return [part];
    }
    const count = Number(to) - Number(from) + 1;
    if (count < 1) throw this.fault(`range "${part}" runs backwards`);
    this.#check(count);
    return Array.from({ length: count }, (_, n) =>
      String(Number(from) + n).padStart(from.length, "0"),
    );
  }

  #check(count: number): void {
    if (count > MOST_NODES) throw this.fault(`it has more than ${MOST_NODES} nodes`);
  }
}
