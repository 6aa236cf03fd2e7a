import { expect, test } from "@jest/globals";
import { toDesired } from "#manifest/to-desired.ts";
import { compareFields } from "#reconcile/plan/compare.ts";
import { aManifest, aSecret } from "../../../support/builders.ts";
import { issuesOf } from "../../../support/issues.ts";
import { existing, secret } from "../../../support/states.ts";

function issues(value_from: object, provider = "openai") {
  const manifest = aManifest({ secrets: [aSecret({ provider, value_from: value_from as never })] });
  return issuesOf(JSON.stringify(manifest));
}

test.each([["/openai/api_key"], ["/~1x/~0"], ["/"], ["a/b~c"]])(
  "%s names a place in a stored object",
  async (place) => {
    expect(await issues({ secrets_manager: "prod/x", keys: { api_key: place } })).toEqual([]);
  },
);

test.each([["/~"], ["/a~2"], ["/~/b"]])("%s is no JSON Pointer", async (place) => {
  expect(await issues({ secrets_manager: "prod/x", keys: { api_key: place } })).toEqual([
    expect.stringContaining("must be a JSON Pointer if it begins with /"),
  ]);
});

test("a value is taken whole or keys are picked of it, and either gives what is needed", async () => {
  const both = { secrets_manager: "prod/x", keys: { api_key: "a" }, whole_as: "api_key" };

  expect(await issues(both)).toEqual([
    expect.stringContaining("must not have both keys and whole_as"),
  ]);
  const whole = { secrets_manager: "prod/x", whole_as: "vertex_credentials" };
  expect(await issues(whole, "vertex_ai")).toEqual([]);
  expect(await issues({ ...whole, whole_as: "api_base" })).toContainEqual(
    expect.stringContaining("value_from.whole_as is reserved by MLflow"),
  );
});

test("a file may let wrapped values pass: that is a change, and so is its end", () => {
  const fields = (lint: object) => {
    const [desired] = toDesired("search", "default", [aManifest(lint)]).resources;
    if (desired?.kind !== "secret") throw new Error("the manifest declares no secret first");
    return desired.fields;
  };
  const strict = secret("openai-prod", fields({}));
  const lenient = secret("openai-prod", fields({ lint: { disable: ["value-wrapped"] } }));

  expect(compareFields(lenient, existing(strict))).toEqual([
    { path: "as_stored", before: false, after: true },
  ]);
  expect(compareFields(strict, existing(lenient))).toEqual([
    { path: "as_stored", before: true, after: false },
  ]);
  expect(compareFields(lenient, existing(lenient))).toEqual([]);
});

test("the rule about values is no unused suppression", async () => {
  const manifest = aManifest({ lint: { disable: ["value-wrapped"] } });

  expect(await issuesOf(JSON.stringify(manifest))).toEqual([]);
});
