import { describe, expect, test } from "bun:test";
import { inferPath } from "../../../../src/serve/oip/infer-path.ts";

describe("inferPath()", () => {
  test.each([
    ["http://h:1/v2/models/m/infer", { name: "m", version: undefined }],
    ["http://[::1]:1/v2/models/a.b-c_1/versions/2/infer", { name: "a.b-c_1", version: "2" }],
  ])("reads %s", (url, path) => {
    expect(inferPath(url)).toEqual(path);
  });

  test.each([
    "http://h/v2/models/m/infer?x=1",
    "http://h/v2/models/a%20b/infer",
    "http://h/v2/models//infer",
    "http://h/v2/models/infer",
    "http://h/v2/models/m/versions//infer",
    "http://h/v2/models/m/versions/1/2/infer",
    "http://h/v2/models/m/other/infer",
    "http://h/x/v2/models/m/infer",
    "http://h/infer",
    "http://h/v2/tables/m/infer",
    "http://h/v2/models/my-model",
    "http://h/v2/models/m/versions/12345678",
  ])("leaves %s to the app", (url) => {
    expect(inferPath(url)).toBeUndefined();
  });
});
