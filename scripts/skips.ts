/** The one thing that a machine may lack for good: Python's DI-engine, where its registry is not reached. */
export const DI_ENGINE = "DI-engine from PyPI";

/** What a skipped test carries in its name, so that the report says why. */
export function skipNote(missing: string): string {
  return `[needs ${missing}]`;
}

/** True if that skip is allowed even where skips are failures. */
export function isExcused(testName: string): boolean {
  return testName.includes(`[needs ${DI_ENGINE}`);
}
