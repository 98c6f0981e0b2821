/** A child that the tests of the supervisor make: does as it is told. */
export class Counting {
  readonly name: string;
  count = 0;
  constructor(name: string = "nameless") {
    if (name === "impossible") throw new Error("I cannot be");
    this.name = name;
  }
  step(by: number): string {
    this.count += by;
    return `${this.name} ${this.count}`;
  }
  async later(ms: number): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return "later";
  }
  fail(): void {
    throw new RangeError("as told");
  }
  hang(): void {
    for (;;);
  }
  die(): void {
    process.kill(process.pid, "SIGKILL");
  }
  pid(): number {
    return process.pid;
  }
  frame(fill: number): unknown {
    const pixels = new Uint8Array(600_000).fill(fill);
    return { pixels, more: [new Float32Array(2_000).fill(fill), "text", new Uint8Array(3)] };
  }
}

export function makeCounting(name: string): Counting {
  return new Counting(`made ${name}`);
}
