import { ModelOperations } from "@vscode/vscode-languagedetection";
import { defineModel } from "ding";
import { z } from "zod";

/** The most characters that are looked at. */
const MOST_CHARACTERS = 100_000;

/**
 * In which language is this file written? The text of a file in, the probability of each language out, under the
 * usual ending of its files ("py", "ts"), the likeliest first: the model that VS Code asks.
 */
export default defineModel({
  input: z.string().max(MOST_CHARACTERS),
  output: z.object({
    /** None where the text is too short to tell. */
    language: z.string().nullable(),
    probabilities: z.record(z.string(), z.number()),
  }),
  warmup: "import sys\n\ndef main(argv):\n    print(argv)\n\nmain(sys.argv)\n",

  load: () => new ModelOperations({ maxContentSize: MOST_CHARACTERS }),

  // The package takes one text at a time; more workers, not larger batches, make it faster.
  async predict(model, texts) {
    const outputs = [];
    for (const text of texts) {
      const guesses = await model.runModel(text);
      outputs.push({
        language: guesses[0]?.languageId ?? null,
        probabilities: Object.fromEntries(
          guesses.map(({ languageId, confidence }) => [languageId, confidence]),
        ),
      });
    }
    return outputs;
  },

  close: (model) => model.dispose(),
});
