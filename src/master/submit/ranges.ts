/**
 * Every text that one with ranges stands for: `n[08-10]` is n08, n09 and n10; `r[1-2]n[1,3]` is four.
 * Throws an Error that names the bad part, or when there are more than `limit`.
 */
export function expandRanges(text: string, limit: number): string[] {
  let texts = [""];
  for (const part of partsOf(text)) {
    const values = part.startsWith("[") ? valuesOf(part.slice(1, -1), limit) : [part];
    if (texts.length * values.length > limit) throw tooMany(limit);
    texts = texts.flatMap((head) => values.map((value) => head + value));
  }
  return texts;
}

/** "a[1-2]b" → "a", "[1-2]", "b" */
function partsOf(text: string): string[] {
  const parts = text.match(/\[[^[\]]*\]|[^[\]]+/g) ?? [];
  if (parts.join("") === text) return parts;
  throw new Error(`a bracket is not closed or not opened in "${text}"`);
}

function valuesOf(list: string, limit: number): string[] {
  const values: string[] = [];
  for (const item of list.split(",")) {
    const range = /^\s*([0-9]{1,9})(?:-([0-9]{1,9}))?\s*$/.exec(item);
    if (!range) throw new Error(`"[${list}]" is not a range like [1-9] or [1,3,5-7]`);
    const [first = "", last = first] = range.slice(1);
    if (Number(last) < Number(first)) throw new Error(`range ${first}-${last} runs backwards`);
    if (Number(last) - Number(first) >= limit - values.length) throw tooMany(limit);
    for (let value = Number(first); value <= Number(last); value += 1) {
      values.push(String(value).padStart(first.length, "0"));
    }
  }
  return values;
}

function tooMany(limit: number): Error {
  return new Error(`the ranges make more than ${limit}`);
}
