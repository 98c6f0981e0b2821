/** What a JUnit report of `bun test` says. */
export interface Report {
  passed: number;
  failed: string[];
  skipped: string[];
  /** The test files that ran. */
  files: Set<string>;
}

/** Reads the report that `bun test --reporter=junit` writes. */
export function readReport(xml: string): Report {
  const report: Report = { passed: 0, failed: [], skipped: [], files: new Set() };
  for (const [, file] of xml.matchAll(/<testsuite\b[^>]*?\bfile="([^"]*)"/g)) {
    report.files.add(decode(file ?? ""));
  }
  for (const [, attributes = "", body = ""] of xml.matchAll(CASE)) {
    const name = decode(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "");
    const suite = decode(/\bclassname="([^"]*)"/.exec(attributes)?.[1] ?? "");
    const file = decode(/\bfile="([^"]*)"/.exec(attributes)?.[1] ?? "");
    const label = `${file}: ${suite && `${suite} > `}${name}`;
    if (/<(?:failure|error)\b/.test(body)) report.failed.push(label);
    else if (/<skipped\b/.test(body)) report.skipped.push(label);
    else report.passed += 1;
  }
  return report;
}

/** A test case: its attributes, and what it holds unless it closes itself. */
const CASE = /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal ?? hex)
      return String.fromCodePoint(Number.parseInt(decimal ?? hex, decimal ? 10 : 16));
    return ENTITIES[name] ?? whole;
  });
}
