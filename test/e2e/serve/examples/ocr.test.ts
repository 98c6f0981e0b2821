import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onEachRuntime } from "../../../support/each-runtime.ts";
import { infer } from "../../../support/infer.ts";
import { ROOT } from "../../../support/runtimes.ts";
import { runExample } from "../../../support/run-example.ts";
import { startServe } from "../../../support/serve.ts";

const OCR = join(ROOT, "examples/ocr/ocr.ts");
const WORDS = "examples/ocr/words.png";
const PICTURES = "test/e2e/serve/examples/pictures";
const TEXTS = {
  [WORDS]: "ding serves words",
  [`${PICTURES}/ok.png`]: "ding 2026 ok",
  [`${PICTURES}/light.jpg`]: "light on dark",
  [`${PICTURES}/mail.png`]: "ada@example.org",
  [`${PICTURES}/number.png`]: "+49 30 1234567",
};

onEachRuntime([
  {
    name: "examples/ocr reads pictures of different widths in batches",
    async run(runtime) {
      await using server = await startServe(["--plugin", OCR, "--batch-size", "8"], { runtime });
      const files = Object.keys(TEXTS);
      const { stdout } = await runExample("examples/ocr/read.ts", [server.url, ...files]);
      const lines = stdout.trimEnd().split("\n");
      expect(lines.map((line) => line.replace(/ \([01]\.\d\d\)$/, ""))).toEqual(
        Object.entries(TEXTS).map(([file, text]) => `${file}: ${text}`),
      );
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      expect(metrics).toMatch(/nv_inference_count\{[^}]*model="ocr"[^}]*\} 5\n/);
      expect((await server.stop()).code).toBe(0);
    },
  },
]);

test("examples/ocr takes a picture as a form, as a tensor and as base64, as curl sends them", async () => {
  await using server = await startServe(["--plugin", OCR]);
  const picture = await readFile(join(ROOT, WORDS));
  const base64 = picture.toString("base64");
  const reading = { text: ["ding serves words"], score: [expect.any(Number)] };

  const form = new FormData();
  form.append("img_bytes", new Blob([picture]), "words.png");
  for (const path of ["/encode_img_bytes", "/v1/encode_img_bytes"]) {
    const sent = await fetch(`${server.url}${path}`, { method: "POST", body: form });
    expect(await sent.json()).toMatchObject({ error_code: 0, data: reading });
  }

  for (const body of [base64, { image: base64 }, `data:image/png;base64,${base64}`]) {
    const init = { method: "POST", body: JSON.stringify(body) };
    const sent = await fetch(`${server.url}/encode_json`, init);
    expect(await sent.json()).toMatchObject({ error_code: 0, data: reading });
  }

  const image = { name: "image", shape: [2], datatype: "BYTES", data: [base64, base64] };
  const { text, score } = await infer(server.url, "ocr", [image]);
  expect(text?.data).toEqual(["ding serves words", "ding serves words"]);
  expect(score?.data.every((each) => Number(each) > 0.9)).toBe(true);
});

test("examples/ocr refuses what is no picture, and reads what comes with it", async () => {
  await using server = await startServe(["--plugin", OCR, "--batch-size", "4"]);
  const picture = await readFile(join(ROOT, WORDS));
  const huge = Buffer.from(picture);
  huge.writeUInt32BE(100_000, 16);
  huge.writeUInt32BE(100_000, 20);
  const statuses = await Promise.all(
    [picture, picture.subarray(0, 900), Buffer.from("hello"), huge, picture].map(async (bytes) => {
      const form = new FormData();
      form.append("img_bytes", new Blob([Uint8Array.from(bytes)]));
      const sent = await fetch(`${server.url}/v1/encode_img_bytes`, { method: "POST", body: form });
      return [sent.status, /Cannot read the picture: [^"]*/.exec(await sent.text())?.[0]];
    }),
  );
  expect(statuses).toEqual([
    [200, undefined],
    [400, "Cannot read the picture: Error while decompressing the data:"],
    [400, "Cannot read the picture: it is no PNG or JPEG"],
    [400, "Cannot read the picture: 10000000000 pixels are too many"],
    [200, undefined],
  ]);
});
