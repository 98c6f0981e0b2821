const compiled = new Map<string, RegExp>();
/** Patterns come from programs, a few each; one that makes them up must not fill the memory. */
const MOST_COMPILED = 256;

/** Does the text fit the pattern? As a shell has it: `*`, `?`, `[ab-d]`, `[!ab]`; letters as they are. */
export function isMatch(text: string, pattern: string): boolean {
  let regExp = compiled.get(pattern);
  if (!regExp) {
    regExp = compile(pattern);
    if (compiled.size >= MOST_COMPILED) compiled.clear();
    compiled.set(pattern, regExp);
  }
  return regExp.test(text);
}

function compile(pattern: string): RegExp {
  let source = "";
  for (let index = 0; index < pattern.length; index++) {
    const letter = pattern.charAt(index);
    if (letter === "*") source += source.endsWith(".*") ? "" : ".*";
    else if (letter === "?") source += ".";
    else if (letter !== "[") source += escaped(letter);
    else {
      // The first letter of a set may be its own closing bracket.
      const start = index + (pattern.charAt(index + 1) === "!" ? 2 : 1);
      const end = pattern.indexOf("]", start + 1);
      if (end < 0) source += "\\[";
      else {
        source += setOf(pattern.slice(start, end), start === index + 2);
        index = end;
      }
    }
  }
  return new RegExp(`^${source}$`, "su");
}

function setOf(members: string, isNegated: boolean): string {
  const parts: string[] = [];
  for (let index = 0; index < members.length; index++) {
    const first = members.charAt(index);
    const last = members.charAt(index + 2);
    if (members.charAt(index + 1) === "-" && last !== "") {
      if (first <= last) parts.push(`${escaped(first)}-${escaped(last)}`);
      index += 2;
    } else parts.push(escaped(first));
  }
  if (parts.length === 0) return isNegated ? "." : "(?!)"; // "[z-a]" holds nothing
  return `[${isNegated ? "^" : ""}${parts.join("")}]`;
}

function escaped(letter: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(letter) ? `\\u{${letter.charCodeAt(0).toString(16)}}` : letter;
}
