/** What chi-square stays below in 9,999 of 10,000 cases (Wilson and Hilferty's formula). */
export function chiSquareBound(degrees: number): number {
  const z = 3.72;
  const part = 2 / (9 * degrees);
  return degrees * (1 - part + z * Math.sqrt(part)) ** 3;
}
