import { z } from "zod";

const LOGS = "Logs";
const MEBIBYTE = 1024 * 1024;

/** The options about log files, for a role's schema; `defaultName` begins the files' names. */
export function logFileOptions(defaultName: string) {
  return {
    logDir: z
      .string()
      .optional()
      .describe("Folder for NAME_DATE.log and NAME_DATE.err; stderr if not given")
      .meta({ group: LOGS, path: true, writes: true, placeholder: "FOLDER" }),
    logName: z
      .string()
      .regex(/^[\w.-]+$/, "use letters, digits, dots, _ and -")
      .default(defaultName)
      .describe("How the log files' names begin")
      .meta({ group: LOGS, placeholder: "NAME" }),
    logMaxBytes: z
      .int()
      .min(4096)
      .default(100 * MEBIBYTE)
      .describe("A log file that has become as long as this is put aside, and a new one begun")
      .meta({ group: LOGS }),
    logKeep: z
      .int()
      .min(1)
      .max(10_000)
      .default(20)
      .describe("How many log files of each kind are kept")
      .meta({ group: LOGS }),
    verbose: z
      .boolean()
      .default(false)
      .describe("Log every batch, like --log-level debug")
      .meta({ group: LOGS }),
  };
}
