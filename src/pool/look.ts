/** Lets everything in that has arrived: between two rounds of immediates the runtime looks. */
export async function look(): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}
