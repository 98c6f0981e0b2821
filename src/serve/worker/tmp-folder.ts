import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";

/**
 * The folder, made if need be. Where it cannot be made, as in a model's folder
 * that may only be read, one of this process alone, which goes with it.
 */
export function tmpFolder(wanted: string, log: Logger): string {
  try {
    mkdirSync(wanted, { recursive: true });
    return wanted;
  } catch (thrown) {
    const own = mkdtempSync(join(tmpdir(), "ding-"));
    process.once("exit", () => rmSync(own, { recursive: true, force: true }));
    log.warn(`Cannot make "${wanted}", using "${own}": ${messageOf(thrown)}`);
    return own;
  }
}
