/** "w0", "w1", …: what the workers of a pool are called. */
export function idOf(index: number): string {
  return `w${index}`;
}

/** Which one that is, from 0. */
export function indexOf(workerId: string): number {
  return Number(workerId.slice(1));
}
