/** How strong a player is believed to be, and how surely: TrueSkill's two numbers. */
export interface Rating {
  readonly mu: number;
  readonly sigma: number;
}

/** Of a player that nobody has seen. */
export const FIRST_RATING: Rating = { mu: 0, sigma: 25 / 3 };

const BETA = 25 / 6;
/** A learning player changes: its rating never becomes certain. */
const TAU = 25 / 300;
const DRAW_CHANCE = 0.02;

/** The ratings after a game of two; `score` is 1 when the first has won, 0 when it has lost, ½ for a draw. */
export function rated(first: Rating, second: Rating, score: 0 | 0.5 | 1): [Rating, Rating] {
  if (score === 0) {
    const [winner, loser] = rated(second, first, 1);
    return [loser, winner];
  }
  const one = first.sigma ** 2 + TAU ** 2;
  const two = second.sigma ** 2 + TAU ** 2;
  const c = Math.sqrt(2 * BETA ** 2 + one + two);
  const t = (first.mu - second.mu) / c;
  const margin = (DRAW_MARGIN * Math.SQRT2 * BETA) / c;
  const [v, w] = score === 1 ? onWin(t - margin) : onDraw(t, margin);
  return [
    {
      mu: first.mu + (one / c) * v,
      sigma: Math.sqrt(one * Math.max(1e-4, 1 - (one / c ** 2) * w)),
    },
    {
      mu: second.mu - (two / c) * v,
      sigma: Math.sqrt(two * Math.max(1e-4, 1 - (two / c ** 2) * w)),
    },
  ];
}

function onWin(x: number): [v: number, w: number] {
  const below = cdf(x);
  // Far out the quotient of two numbers near zero is -x.
  const v = below < 1e-12 ? -x : pdf(x) / below;
  return [v, Math.min(1, Math.max(0, v * (v + x)))];
}

function onDraw(t: number, margin: number): [v: number, w: number] {
  const far = Math.abs(t);
  const a = margin - far;
  const b = -margin - far;
  const between = cdf(a) - cdf(b);
  if (between < 1e-12) return [t < 0 ? -t - margin : -t + margin, 1];
  const v = (pdf(b) - pdf(a)) / between;
  const w = v ** 2 + (a * pdf(a) - b * pdf(b)) / between;
  return [t < 0 ? -v : v, Math.min(1, Math.max(0, w))];
}

function pdf(x: number): number {
  return Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI);
}

/** Abramowitz and Stegun 26.2.17, to 7.5e-8. */
function cdf(x: number): number {
  if (x < 0) return 1 - cdf(-x);
  const t = 1 / (1 + 0.231_641_9 * x);
  const terms = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
  const sum = terms.reduceRight((total, term) => (total + term) * t, 0);
  return 1 - pdf(x) * sum;
}

/** Beyond how many standard deviations of a game a difference is no draw: cdf(x) is ½ + DRAW_CHANCE / 2 there. */
const DRAW_MARGIN = inverse(0.5 + DRAW_CHANCE / 2);

function inverse(share: number): number {
  let low = 0;
  let high = 8;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (cdf(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
