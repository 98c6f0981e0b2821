import type { KeptProgram } from "./kept-program.ts";
import { shellScript } from "./shell-script.ts";
import { systemdUnit } from "./systemd-unit.ts";

/** What can be made to keep a program running. */
export type KeepRunningFormat = "sh" | "systemd";

/** The text of a script or unit that keeps the program running. */
export function keepRunning(format: KeepRunningFormat, program: KeptProgram): string {
  return format === "sh" ? shellScript(program) : systemdUnit(program);
}
