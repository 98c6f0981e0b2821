/** What a node says of its right to its id. */
export interface Claim {
  boot: string;
  /** When its mesh had formed, in ms since 1970; null before. */
  since: number | null;
}

/**
 * Of two nodes with one id, does the first one stay? Both ends come to the same answer: who was there first stays, of two
 * that come at once the one with the lesser boot.
 */
export function isBefore(own: Claim, other: Claim): boolean {
  const ownSince = own.since ?? Number.POSITIVE_INFINITY;
  const otherSince = other.since ?? Number.POSITIVE_INFINITY;
  return ownSince === otherSince ? own.boot < other.boot : ownSince < otherSince;
}
