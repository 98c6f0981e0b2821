/** What `yamlText` writes; a key whose value is undefined is left out. */
export type YamlValue =
  | string
  | number
  | boolean
  | YamlValue[]
  | { [key: string]: YamlValue | undefined };

/** The value as YAML in block style; texts always in double quotes, so that `no` and `1.0` stay texts. */
export function yamlText(value: YamlValue): string {
  return `${linesOf(value).join("\n")}\n`;
}

function linesOf(value: YamlValue): string[] {
  if (Array.isArray(value)) {
    return value.length === 0 ? ["[]"] : value.flatMap((item) => under(linesOf(item), "- "));
  }
  if (typeof value !== "object") return [scalar(value)];
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return ["{}"];
  return entries.flatMap(([key, item = ""]) => {
    const [first = "", ...rest] = linesOf(item);
    const isBlock = typeof item === "object" && Object.keys(item).length > 0;
    if (!isBlock) return [`${keyText(key)}: ${first}`];
    return [`${keyText(key)}:`, ...[first, ...rest].map((line) => `  ${line}`)];
  });
}

/** The first line behind the mark, the others below it. */
function under(lines: string[], mark: string): string[] {
  return lines.map((line, at) => `${at === 0 ? mark : " ".repeat(mark.length)}${line}`);
}

function scalar(value: string | number | boolean): string {
  return typeof value === "string" ? quoted(value) : String(value);
}

/** Words that YAML 1.1 takes for true, false or nothing. */
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

function keyText(key: string): string {
  return /^[A-Za-z_][\w./-]*$/.test(key) && !WORDS.test(key) ? key : quoted(key);
}

/** What YAML does not take as it is, or takes for the end of a line. */
// oxlint-disable-next-line no-control-regex
const ODD = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** JSON's way of quoting is one of YAML's, but for a few letters. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    ODD,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
