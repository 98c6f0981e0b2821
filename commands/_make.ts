import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import { CONFIG_FILE } from "../src/config/config-file.ts";
import { checkListen } from "../src/config/listen.ts";
import { fieldsOf } from "../src/config/option-field.ts";
import { TOKEN_VARIABLE } from "../src/config/token.ts";
import { composeFile } from "../src/deploy/compose.ts";
import type { KeptProgram } from "../src/deploy/kept-program.ts";
import { kubernetesManifest } from "../src/deploy/kubernetes.ts";
import { serviceScript } from "../src/deploy/service-script.ts";
import { shellScript } from "../src/deploy/shell-script.ts";
import { systemdUnit } from "../src/deploy/systemd-unit.ts";
import { selfCommand } from "../src/runtime/self.ts";
import { type Command, command } from "./_command.ts";
import { argumentsOf, type MadeRole } from "./_make-arguments.ts";
import { CONTAINER_KEYS, containedProgram } from "./_make-container.ts";
import type { RoleOptions } from "./_role.ts";

const SCRIPT = "Script";

const makeOptions = {
  name: z
    .string()
    .regex(/^[a-zA-Z\d][\w.-]*$/, "use letters, digits, dots, _ and -")
    .max(200, "use 200 letters at most, as names of files are made of it")
    .describe("Name of the unit, the container, and the files of its script")
    .meta({ group: SCRIPT, flagOnly: true, placeholder: "NAME" }),
  format: z
    .enum(["sh", "systemd", "compose", "k8s"])
    .default("sh")
    .describe("A POSIX shell script, a systemd unit, a Compose file, or Kubernetes manifests")
    .meta({ group: SCRIPT, flagOnly: true }),
  folder: z
    .string()
    .optional()
    .describe("Folder it runs in; the current one if not given")
    .meta({ group: SCRIPT, flagOnly: true, placeholder: "FOLDER" }),
  user: z
    .string()
    .regex(/^[\w.-]+(?::[\w.-]+)?$/, "use a user's name, or USER:GROUP")
    .optional()
    .describe("Whom a unit or a container (by numbers) runs as; yourself if not given")
    .meta({ group: SCRIPT, flagOnly: true, placeholder: "USER" }),
  image: z
    .string()
    .regex(/^[\w][\w./:@-]*$/, "use the name of an image")
    .optional()
    .describe("Image with ding on its PATH and all files; if not given they are mounted")
    .meta({ group: SCRIPT, flagOnly: true, placeholder: "IMAGE" }),
};

type MakeOptions = z.output<z.ZodObject<typeof makeOptions>>;

/** What a role says so that it gets a `make`. */
export interface Makable<S extends z.ZodObject & z.ZodType<RoleOptions>> {
  role: string;
  /** What is kept running, for people: "a slave". */
  what: string;
  options: S;
  examples: string[];
  /** "keep": a script that stays and keeps it running; "service": one that controls it in the background. */
  script: "keep" | "service";
  /** Does SIGHUP make it read its files again? */
  reloads?: boolean;
}

/** `ding ROLE make`: prints a script, unit or manifest that keeps the role running with the options given. */
export function makeCommand<S extends z.ZodObject & z.ZodType<RoleOptions>>(
  makable: Makable<S>,
): Command {
  const { role, what, examples } = makable;
  const { name: _, ...shape } = makable.options.shape;
  return command(
    {
      name: `${role} make`,
      description: `Print a script, unit or manifest that keeps ${what} running`,
      examples,
      options: z.object({ ...makeOptions, ...shape }).meta({ ...makable.options.meta() }),
      // The role's own name may stand in the config file; here it is another thing.
      otherKeys: ["name"],
    },
    async (options, given) => {
      const make = options as unknown as MakeOptions & RoleOptions;
      const fields = fieldsOf(role, makable.options);
      const runsHere = make.folder === undefined;
      // The one of this folder was read; in another one it is not found by itself.
      const config =
        given.config ?? (!runsHere && existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined);
      const made = { given: { ...given, config }, fields, options, runsHere };
      process.stdout.write(scriptText(makable, make, made));
    },
  );
}

type Making = Pick<Makable<never>, "role" | "script" | "reloads">;

function scriptText(makable: Making, make: MakeOptions & RoleOptions, made: MadeRole): string {
  const { format } = make;
  if (format === "compose" || format === "k8s") {
    const kept = keptProgram(makable, make, { made, leftOut: CONTAINER_KEYS });
    const contained = containedProgram(kept, made, { ...make, format });
    return format === "compose" ? composeFile(contained) : kubernetesManifest(contained);
  }
  const kept = keptProgram(makable, make, { made, leftOut: [] });
  checkListen(make, kept.tokenFile ?? (kept.needsTokenVariable ? "a token" : undefined));
  if (format === "systemd") return systemdUnit(kept);
  return makable.script === "service" ? serviceScript(kept) : shellScript(kept);
}

function keptProgram(
  { role, reloads = false }: Making,
  make: MakeOptions & RoleOptions,
  { made, leftOut }: { made: MadeRole; leftOut: string[] },
): KeptProgram {
  const [program, ...prefix] = selfCommand();
  const { config } = made.given;
  const hasName = made.fields.some((field) => field.key === "name");
  return {
    name: make.name,
    title: `ding ${role}`,
    role,
    program,
    prefix,
    args: [
      role,
      ...(config === undefined ? [] : [`--config=${resolve(config)}`]),
      ...(hasName ? [{ kind: "with-host" as const, text: `--name=${make.name}@` }] : []),
      ...argumentsOf(made, ["name", ...leftOut]),
    ],
    folder: resolve(make.folder ?? "."),
    drainTimeoutMs: make.drainTimeoutMs,
    ...(make.tokenFile !== undefined && { tokenFile: resolve(make.tokenFile) }),
    needsTokenVariable: Boolean(process.env[TOKEN_VARIABLE]) && make.tokenFile === undefined,
    user: make.user ?? currentUser(),
    reloads,
  };
}

/** Yourself; by number where your name is not to be had. */
function currentUser(): string {
  const { username, uid } = userInfo();
  return username === "" || username === "unknown" ? String(uid) : username;
}
