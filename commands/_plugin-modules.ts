import { provideModules } from "../src/runtime/modules.ts";

/** Lets plugins that are loaded into this process import "ding" and "zod" with nothing installed. */
export function providePluginModules(): void {
  provideModules({ ding: () => require("../src/index.ts"), zod: () => require("zod/v4") });
}
