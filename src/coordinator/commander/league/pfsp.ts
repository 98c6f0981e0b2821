/** How past players are weighted by how often they are beaten. */
export type Weighting = "squared" | "variance" | "uniform";

const WEIGHTS: Record<Weighting, (winRate: number) => number> = {
  squared: (winRate) => (1 - winRate) ** 2,
  variance: (winRate) => winRate * (1 - winRate),
  uniform: () => 1,
};

/**
 * Prioritized fictitious self-play: the chance of each opponent, of its win rate, as shares of 1. Where all weigh
 * nothing, all are alike.
 */
export function pfsp(winRates: readonly number[], weighting: Weighting): number[] {
  const weights = winRates.map(WEIGHTS[weighting]);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (sum < 1e-12) return winRates.map(() => 1 / winRates.length);
  return weights.map((weight) => weight / sum);
}

/** The index that `chance`, from 0 to 1, falls on. */
export function drawn(shares: readonly number[], chance: number): number {
  let left = chance;
  for (const [index, share] of shares.entries()) {
    left -= share;
    if (left < 0) return index;
  }
  return shares.length - 1;
}
