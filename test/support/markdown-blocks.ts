/** A fenced block of code in a Markdown text. */
export interface CodeBlock {
  /** The word behind the fence: "bash". */
  language: string;
  /** Where its first line of code stands, from 1. */
  line: number;
  code: string;
  /** Why it is not run: `<!-- not run: reason -->` stands before it. */
  notRun?: string;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*(\S*)/;
const NOT_RUN = /^\s*<!--\s*not run:\s*(.*?)\s*-->\s*$/;

/** The fenced blocks of a Markdown text, in order. */
export function codeBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { fence: string; block: CodeBlock; lines: string[] } | undefined;
  let notRun: string | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const [, fence = "", language = ""] = FENCE.exec(line) ?? [];
    if (open) {
      if (fence.startsWith(open.fence) && language === "") {
        blocks.push({ ...open.block, code: open.lines.join("\n") });
        open = undefined;
      } else {
        open.lines.push(line);
      }
    } else if (fence !== "") {
      const block = {
        language,
        line: index + 2,
        code: "",
        ...(notRun !== undefined && { notRun }),
      };
      open = { fence, block, lines: [] };
      notRun = undefined;
    } else if (line.trim() !== "") {
      notRun = NOT_RUN.exec(line)?.[1];
    }
  }
  if (open) throw new Error(`The block at line ${open.block.line - 1} does not end`);
  return blocks;
}
