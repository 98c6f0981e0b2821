/** An HTTP server that says the same to everybody: `bun http-echo.ts` prints its port. */
const ANSWER = JSON.stringify({ outputs: [{ name: "y", shape: [1, 1], data: [1] }] });

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    await request.json();
    return new Response(ANSWER, { headers: { "Content-Type": "application/json" } });
  },
});
console.log(server.port);
