/** A tensor in JSON, as the Open Inference Protocol has it. */
export interface JsonTensor {
  name: string;
  shape: number[];
  datatype: string;
  data: unknown[];
}

/** Asks a model over the Open Inference Protocol's JSON; gives the outputs by name, or throws the server's words. */
export async function infer(
  url: string,
  model: string,
  inputs: readonly JsonTensor[],
): Promise<Record<string, JsonTensor>> {
  const response = await fetch(`${url}/v2/models/${model}/infer`, {
    method: "POST",
    body: JSON.stringify({ inputs }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  const { outputs } = JSON.parse(text) as { outputs: JsonTensor[] };
  return Object.fromEntries(outputs.map((output) => [output.name, output]));
}
