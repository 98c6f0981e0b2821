import { runCommand } from "./run-command.ts";

const APT_TIMEOUT_MS = 240_000;

/** Installs Debian packages if this is root on Debian; gives the reason if that cannot be done. */
export async function installPackages(packages: string[]): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "root, to install it";
  const apt = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(["apt-get", "-o", "DPkg::Lock::Timeout=120", ...args], {
      env: { DEBIAN_FRONTEND: "noninteractive" },
      timeoutMs: APT_TIMEOUT_MS,
    });
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  // The lists may be there already, and then the update is not worth its time.
  if ((await apt(...install)).code === 0) return undefined;
  await apt("update");
  const { code, stderr } = await apt(...install);
  return code === 0 ? undefined : `apt-get (${stderr.trim().split("\n").at(-1) ?? code})`;
}
