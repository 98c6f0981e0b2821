/** Control characters, and those that turn the direction of writing; line ends and tabs may be meant. */
// oxlint-disable-next-line no-control-regex
const COMMANDS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text with whatever a terminal would obey made visible: words of others give no commands here. */
export function visible(text: string): string {
  return text.replaceAll(COMMANDS, escaped);
}

/** The same on one line. */
export function visibleLine(text: string): string {
  return visible(text.replaceAll(/[\n\t]/g, escaped));
}

function escaped(letter: string): string {
  return SHORT[letter] ?? `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
