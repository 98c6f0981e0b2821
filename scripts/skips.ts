/** What a machine may lack for good: packages of Python, where their registry is not reached. */
export const DI_ENGINE = "DI-engine from PyPI";
export const TRITON_CLIENT = "tritonclient from PyPI";

/** What a skipped test carries in its name, so that the report says why. */
export function skipNote(missing: string): string {
  return `[needs ${missing}]`;
}

/** True if that skip is allowed even where skips are failures. */
export function isExcused(testName: string): boolean {
  return [DI_ENGINE, TRITON_CLIENT].some((name) => testName.includes(`[needs ${name}`));
}
