import { expect, test } from "bun:test";
import { optionsPage } from "../../../scripts/options.ts";
import { fake } from "./fixtures/fake-role.ts";

test("optionsPage() has a table for each command, with every way to give an option", async () => {
  const page = await optionsPage({
    fake: { description: "", load: async () => fake },
    _child: {
      description: "",
      isHidden: true,
      load: () => Promise.reject(new Error("not for docs")),
    },
  });
  expect(page).toContain("\n## ding fake\n\nDo nothing, for a long time.\n");
  expect(page).toContain(
    "| `--port` | `DING_FAKE_PORT` | `fake.port` | an integer from 0 to 65535 | `7000` | Port to listen on; 0 for a free one |",
  );
  expect(page).toContain("| `--tls-key` | `DING_FAKE_TLS_KEY` | `fake.tlsKey` | a path |  |");
});

test("optionsPage() does not repeat the options of a command under its subcommands", async () => {
  const sub = { ...fake, words: { ...fake.words, name: "fake make" } };
  const parent = { ...fake, subCommands: { make: sub } };
  const page = await optionsPage({ fake: { description: "", load: async () => parent } });
  expect(page).toContain("It takes the options of `ding fake` too.");
  expect(page.split("`--port`").length).toBe(2);
});
