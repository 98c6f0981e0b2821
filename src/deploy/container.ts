import type { Argument, ContainedProgram } from "./kept-program.ts";

/** A small image with the C library that most programs are built for, glibc. */
export const GLIBC_IMAGE = "debian:stable-slim";
/** The same with the other one, musl. */
export const MUSL_IMAGE = "alpine:3";

/** Where the program listens in its container: whoever is let in to the container reaches it. */
export const CONTAINER_HOST = "0.0.0.0";

/** How often a container is asked whether it is well. */
export const PROBE_PERIOD_S = 10;

/** The program as it is called in its container: in an image of its own it is on the PATH. */
export function programIn({ image, program, prefix = [] }: ContainedProgram): string[] {
  return image === undefined ? [program, ...prefix] : ["ding"];
}

/** How an image tells where its words come from. */
export interface Words {
  /** Makes a text safe from what the format replaces in it. */
  escape: (text: string) => string;
  /** The name of the node, as the format has it; undefined where it has none. */
  host: string | undefined;
  /** Where the token file is in the container; undefined when the token comes by a variable. */
  tokenFile: string | undefined;
}

/** The arguments as texts. */
export function argumentsIn(args: Argument[], words: Words): string[] {
  return args.flatMap((argument) => {
    if (typeof argument === "string") return [words.escape(argument)];
    const text = words.escape(argument.text);
    switch (argument.kind) {
      case "with-host":
        return [words.host === undefined ? text.replace(/@$/, "") : `${text}${words.host}`];
      case "with-token-file":
        return words.tokenFile === undefined ? [] : [`${text}${words.tokenFile}`];
    }
  });
}

/** `A "quoted" part of a comment` must stay on its line. */
export function commentText(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, " ");
}
