import { installPackages } from "./debian.ts";

/** Gives what is missing for checking systemd units, after having tried to install it. */
export async function systemdAnalyze(): Promise<string | undefined> {
  if (Bun.which("systemd-analyze")) return undefined;
  const problem = await installPackages(["systemd"]);
  return Bun.which("systemd-analyze") ? undefined : `systemd-analyze: ${problem ?? "not found"}`;
}
