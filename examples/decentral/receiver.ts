import { createServer } from "node:http";

/** Takes results at POST /results, each key once, and prints them as JSON lines. */
const seen = new Set<string>();

const server = createServer((request, response) => {
  const key = String(request.headers["idempotency-key"] ?? "");
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    if (!seen.has(key)) process.stdout.write(`${body}\n`);
    seen.add(key);
    response.end("ok");
  });
});
server.listen(Number(process.argv[2] ?? 8700), "127.0.0.1");
process.once("SIGTERM", () => server.close());
