import { installPackages } from "./debian.ts";

/** Gives what is missing for checking shell scripts, after having tried to install it. */
export async function shellTools(): Promise<string | undefined> {
  const missing = ["shellcheck", "dash", "busybox"].filter((program) => !Bun.which(program));
  if (missing.length === 0) return undefined;
  const problem = await installPackages(missing);
  const still = missing.filter((program) => !Bun.which(program));
  return still.length === 0 ? undefined : `${still.join(", ")}: ${problem ?? "not found"}`;
}
