import { installPackages } from "./debian.ts";

/** Where a browser is, or what is missing. */
export type Browser = { program: string } | { missing: string };

/** Without a font a page has no letters. */
const PACKAGES = ["chromium", "fonts-dejavu-core"];
const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

let found: Promise<Browser> | undefined;

/** A browser of this machine, after having tried to install one. */
export function chromium(): Promise<Browser> {
  found ??= find();
  return found;
}

async function find(): Promise<Browser> {
  const here = which();
  if (here) return { program: here };
  const problem = await installPackages(PACKAGES);
  const program = which();
  return program ? { program } : { missing: `a browser (chromium): ${problem ?? "not found"}` };
}

function which(): string | undefined {
  for (const name of NAMES) {
    const program = Bun.which(name);
    if (program) return program;
  }
  return undefined;
}
