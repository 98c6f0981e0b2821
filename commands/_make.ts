import { userInfo } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import { checkListen } from "../src/config/listen.ts";
import { fieldsOf, type OptionField } from "../src/config/option-field.ts";
import { TOKEN_VARIABLE } from "../src/config/token.ts";
import { DingError } from "../src/core/errors.ts";
import { keepRunning } from "../src/deploy/keep-running.ts";
import type { Argument } from "../src/deploy/kept-program.ts";
import { selfCommand } from "../src/runtime/self.ts";
import { type Command, command, type Given } from "./_command.ts";
import type { RoleOptions } from "./_role.ts";

const SCRIPT = "Script";

const makeOptions = {
  name: z
    .string()
    .regex(/^[a-zA-Z\d][\w.-]*$/, "use letters, digits, dots, _ and -")
    .describe("What it is called: names the unit, the lock and the log; NAME@HOST in results")
    .meta({ group: SCRIPT, flagOnly: true, placeholder: "NAME" }),
  format: z
    .enum(["sh", "systemd"])
    .default("sh")
    .describe("A POSIX shell script, or a systemd unit")
    .meta({ group: SCRIPT, flagOnly: true }),
  folder: z
    .string()
    .optional()
    .describe("Folder it runs in; the current one if not given")
    .meta({ group: SCRIPT, flagOnly: true, placeholder: "FOLDER" }),
  user: z
    .string()
    .regex(/^[\w.-]+$/, "use a user's name")
    .optional()
    .describe("User whom a systemd unit runs as; yourself if not given")
    .meta({ group: SCRIPT, flagOnly: true, placeholder: "USER" }),
};

type MakeOptions = z.output<z.ZodObject<typeof makeOptions>>;

/** What a role says so that it gets a `make`. */
export interface Makable<S extends z.ZodObject & z.ZodType<RoleOptions>> {
  role: string;
  options: S;
  examples: string[];
}

/** `ding ROLE make`: prints a script or unit that keeps the role running with the options given. */
export function makeCommand<S extends z.ZodObject & z.ZodType<RoleOptions>>(
  makable: Makable<S>,
): Command {
  const { role, examples } = makable;
  const { name: _, ...shape } = makable.options.shape;
  return command(
    {
      name: `${role} make`,
      description: `Print a script or unit that keeps a ${role} running on a node`,
      examples,
      options: z.object({ ...makeOptions, ...shape }),
      // The role's own name may stand in the config file; here it is another thing.
      otherKeys: ["name"],
    },
    async (options, given) => {
      const make = options as unknown as MakeOptions & RoleOptions;
      const fields = fieldsOf(role, makable.options);
      process.stdout.write(scriptText(role, { make, given, fields, options }));
    },
  );
}

interface Making {
  make: MakeOptions & RoleOptions;
  given: Given;
  fields: OptionField[];
  options: Record<string, unknown>;
}

function scriptText(role: string, making: Making): string {
  const { make, given } = making;
  const token = process.env[TOKEN_VARIABLE] || undefined;
  checkListen(make, make.tokenFile ?? token);
  const [program, ...own] = selfCommand();
  return keepRunning(make.format, {
    name: make.name,
    title: `ding ${role}`,
    program,
    args: [
      ...own,
      role,
      ...(given.config === undefined ? [] : [`--config=${resolve(given.config)}`]),
      { kind: "with-host", text: `--name=${make.name}@` },
      ...making.fields.flatMap((field) => argumentsOf(field, making)),
    ],
    folder: resolve(make.folder ?? "."),
    drainTimeoutMs: make.drainTimeoutMs,
    ...(make.tokenFile !== undefined && { tokenFile: resolve(make.tokenFile) }),
    needsTokenVariable: token !== undefined && make.tokenFile === undefined,
    user: make.user ?? currentUser(),
  });
}

/** What was given here must be said there; the config file is read there again. */
function argumentsOf(field: OptionField, { given, options }: Making): Argument[] {
  const from = given.origins[field.key]?.from;
  const value = options[field.key];
  if (field.key === "name") return [];
  if (field.key === "tokenFile" && from !== undefined) {
    return [{ kind: "with-token-file", text: `--${field.flag}=` }];
  }
  if (from === undefined || from === "file") return [];
  if (field.secret) {
    throw new DingError("usage.invalid-option", `Cannot write --${field.flag} into a script`, {
      hint: `It is a secret: set ${field.env} where the script runs`,
    });
  }
  if (typeof value === "boolean") return [`--${value ? "" : "no-"}${field.flag}`];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.map((one) => `--${field.flag}=${textOfValue(field, one)}`);
}

/** The script may run in another folder: paths go in whole. */
function textOfValue(field: OptionField, value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return field.path ? resolve(value) : value;
}

/** Yourself; by number where your name is not to be had. */
function currentUser(): string {
  const { username, uid } = userInfo();
  return username === "" || username === "unknown" ? String(uid) : username;
}
