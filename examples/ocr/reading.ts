/** What was read, and how sure the model is of it, 0 to 1. */
export interface Reading {
  readonly text: string;
  readonly score: number;
}

/**
 * Reads probabilities [steps, characters]: the likeliest character of each step, where repeats are one and
 * character 0 is "none"; a space at the ends is none, too. The score is the mean of those that were kept.
 */
export function readSteps(probabilities: Float32Array, characters: readonly string[]): Reading {
  const size = characters.length;
  const kept: number[] = [];
  let text = "";
  let before = 0;
  for (let at = 0; at < probabilities.length; at += size) {
    const step = probabilities.subarray(at, at + size);
    const best = likeliest(step);
    if (best !== 0 && best !== before) {
      text += characters[best];
      kept.push(step[best] ?? 0);
    }
    before = best;
  }
  const sum = kept.reduce((total, score) => total + score, 0);
  return { text: text.trim(), score: kept.length === 0 ? 0 : sum / kept.length };
}

function likeliest(step: Float32Array): number {
  let best = 0;
  for (let index = 1; index < step.length; index++) {
    if ((step[index] as number) > (step[best] as number)) best = index;
  }
  return best;
}
