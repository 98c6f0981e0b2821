import { defineUnit } from "ding";

const ITEM = { x: new Float32Array(2) };

// Each job is one request to the unit's server.
// oxlint-disable-next-line import/no-default-export -- this is how a plugin hands over its unit
export default defineUnit({
  work: (_job: unknown, { client }) => client.encode(ITEM),
});
