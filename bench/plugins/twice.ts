import { floatsModel } from "./floats-model.ts";

// oxlint-disable-next-line import/no-default-export -- this is how a plugin hands over its model
export default floatsModel("twice");
