/** What one source file says about other modules, found without a parser. */
export interface ImportsOf {
  /** The specifiers of static, dynamic, type-only and re-exporting imports. */
  specifiers: string[];
  /** The code with comments, strings, templates' text and regular expressions taken out. */
  code: string;
}

const MARK = "\u0001";
const SPECIFIER = new RegExp(
  [
    `\\b(?:import|export)\\b[^;"'()=${MARK}]*?\\bfrom\\s*${MARK}(\\d+)${MARK}`, // import … from "x"
    `\\bimport\\s*${MARK}(\\d+)${MARK}`, // import "x"
    `\\b(?:import|require)\\s*\\(\\s*${MARK}(\\d+)${MARK}`, // import("x"), as a type too
  ].join("|"),
  "g",
);

/** Reads the imports of TypeScript source; what stands in comments and strings is not taken for one. */
export function importsOf(source: string): ImportsOf {
  const { code, strings } = blankText(source);
  const specifiers = [...code.matchAll(SPECIFIER)].map(
    ([, from, bare, call]) => strings[Number(from ?? bare ?? call)] ?? "",
  );
  return { specifiers, code: code.replaceAll(new RegExp(`${MARK}\\d+${MARK}`, "g"), '""') };
}

/** Where a `/` begins a regular expression: after what cannot end an operand. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|await|yield|void))\s*$/;

/** Replaces each string by its number between marks, and drops what is no code. */
function blankText(source: string): { code: string; strings: string[] } {
  const strings: string[] = [];
  /** One number per template we are in: the braces open since its last `${`. */
  const templates: number[] = [];
  let code = "";
  let at = 0;

  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0] ?? source.slice(at, at + 1);
    at += found.length;
    return found;
  };
  const templateText = (): void => {
    skip(/(?:[^\\`$]|\\[\s\S]|\$(?!\{))*/y);
    if (source.startsWith("${", at)) {
      at += 2;
      templates.push(0);
      code += "(";
    } else {
      at += 1;
    }
  };

  while (at < source.length) {
    const char = source[at];
    if (source.startsWith("//", at)) {
      skip(/[^\n]*/y);
    } else if (source.startsWith("/*", at)) {
      skip(/\/\*[\s\S]*?(?:\*\/|$)/y);
      code += " ";
    } else if (char === '"' || char === "'") {
      const text = skip(char === '"' ? /"(?:[^"\\\n]|\\[\s\S])*"?/y : /'(?:[^'\\\n]|\\[\s\S])*'?/y);
      code += `${MARK}${strings.push(text.slice(1, -1)) - 1}${MARK}`;
    } else if (char === "`") {
      at += 1;
      templateText();
    } else if (char === "/" && BEFORE_REGEX.test(code.slice(-20))) {
      skip(/\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y);
      code += MARK.repeat(2);
    } else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      code += ")";
      at += 1;
      templateText();
    } else {
      const depth = templates.length - 1;
      if (depth >= 0 && char === "{") templates[depth] = (templates[depth] ?? 0) + 1;
      if (depth >= 0 && char === "}") templates[depth] = (templates[depth] ?? 0) - 1;
      code += char;
      at += 1;
    }
  }
  return { code, strings };
}
