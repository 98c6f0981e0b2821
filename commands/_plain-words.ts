import { openBrackets } from "../src/config/brackets.ts";
import { convertText, NOT_CONVERTIBLE } from "../src/config/convert.ts";
import { itemTexts } from "../src/config/field-value.ts";
import type { OptionField } from "../src/config/option-field.ts";
import { DingError } from "../src/core/errors.ts";

/** A command line as a strict parser wants it, and how its flags were typed. */
export interface PlainWords {
  words: string[];
  /** By place in `words`; a word that stands as it was typed is not in it. */
  typed: Map<number, string>;
}

/** What is to be known of the flags of a command. */
export interface KnownFlags {
  fields: OptionField[];
  /** The field whose flag is spelled so, without dashes. */
  find: (name: string) => OptionField | undefined;
}

/** `-num_worker`, but no bundle: a name that starts with a letter, and perhaps a value. */
const SINGLE_DASH = /^-([a-z][a-z\d]*(?:[_-][a-z\d]+)*)(=.*)?$/is;
/** How Python writes what a flag that takes no value may be given all the same. */
const TRUTH = /^(true|false)$/i;
const DOUBLE_DASH = /^--([^=]+)(=.*)?$/s;

/**
 * Turns what the ancestors' programs allowed into plain flags, for the options that ask for it:
 * `-num_worker 2` → `--num_worker 2`, `--device-map -1 0` → `--device-map=-1 --device-map=0`,
 * `--remote-servers [[a, 1], [b, 2]]` → `--remote-servers=[[a, 1], [b, 2]]`, `-cpu False` → `--cpu=False`.
 */
export function plainWords(known: KnownFlags, rawArgs: string[]): PlainWords {
  const reader = new WordReader(known, rawArgs);
  while (reader.next());
  return reader.plain;
}

class WordReader {
  readonly plain: PlainWords = { words: [], typed: new Map() };
  readonly #known: KnownFlags;
  readonly #words: string[];
  readonly #hasSingleDash: boolean;

  constructor(known: KnownFlags, rawArgs: string[]) {
    this.#known = known;
    this.#words = [...rawArgs];
    this.#hasSingleDash = known.fields.some((field) => field.singleDash);
  }

  /** Reads one word and what belongs to it; false after the last. */
  next(): boolean {
    const word = this.#words.shift();
    if (word === undefined) return false;
    if (word === "--") {
      this.plain.words.push(word, ...this.#words.splice(0));
      return false;
    }
    const isSingle = this.#isSingleDash(word);
    const [, name = "", inline] = (isSingle ? SINGLE_DASH : DOUBLE_DASH).exec(word) ?? [];
    const field = this.#known.find(name);
    const typed = isSingle ? `-${name}` : undefined;
    if (field?.listOfWords || field?.brackets) {
      const values = this.#valuesOf(field, {
        inline: inline?.slice(1),
        typed: typed ?? `--${name}`,
      });
      if (values.length === 0) this.#push(`--${name}`, typed);
      for (const value of values) this.#push(`--${name}=${value}`, typed);
    } else if (this.#isTruth(field, inline)) {
      this.#push(`--${name}=${this.#words.shift()}`, typed);
    } else {
      this.#push(isSingle ? `-${word}` : word, typed);
    }
    return true;
  }

  #isTruth(field: OptionField | undefined, inline: string | undefined): boolean {
    const isSwitch = this.#hasSingleDash && field?.type.kind === "boolean";
    return isSwitch && inline === undefined && TRUTH.test(this.#words[0] ?? "");
  }

  #push(word: string, typed: string | undefined): void {
    if (typed !== undefined) this.plain.typed.set(this.plain.words.length, typed);
    this.plain.words.push(word);
  }

  #isSingleDash(word: string): boolean {
    if (!this.#hasSingleDash) return false;
    const name = SINGLE_DASH.exec(word)?.[1] ?? "";
    const isBundle = name
      .split("")
      .every((letter) =>
        this.#known.fields.some((field) => field.short === letter && field.type.kind === "boolean"),
      );
    return name.length > 1 && (this.#known.find(name) !== undefined || !isBundle);
  }

  /** The values behind a flag: the first whatever it is, further ones as far as they fit. */
  #valuesOf(
    field: OptionField,
    { inline, typed }: { inline: string | undefined; typed: string },
  ): string[] {
    const values: string[] = [];
    if (inline !== undefined) values.push(this.#closed(inline, typed));
    while (this.#hasValue(field, values.length === 0)) {
      values.push(this.#closed(this.#words.shift() ?? "", typed));
    }
    return values;
  }

  #hasValue(field: OptionField, isFirst: boolean): boolean {
    const [word] = this.#words;
    if (word === undefined || /^-(?![\d.])/.test(word)) return false;
    if (isFirst) return true;
    if (word.startsWith("[")) return true;
    const { type } = field;
    if (!field.listOfWords || type.kind !== "array") return false;
    const items = itemTexts(field, [word]);
    return items.every((item) => convertText(type.items, item) !== NOT_CONVERTIBLE);
  }

  /** A shell parts a list at its blanks: the words up to the last bracket are one. */
  #closed(first: string, typed: string): string {
    let text = first;
    while (openBrackets(text) > 0) {
      const word = this.#words.shift();
      if (word === undefined) {
        throw new DingError(
          "usage.invalid-option",
          `Cannot use ${typed}: a bracket is not closed`,
          {
            hint: `It began with ${first}`,
          },
        );
      }
      text = `${text} ${word}`;
    }
    return text;
  }
}
