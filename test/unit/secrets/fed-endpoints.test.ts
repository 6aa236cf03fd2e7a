import { expect, test } from "@jest/globals";
import type { Endpoint, LinkageType, ModelDefinition } from "#gateway/types.ts";
import { fedEndpoints } from "#secrets/fed-endpoints.ts";

const STAMP = { created_at: 0, last_updated_at: 0 };
const DEFINITIONS: ModelDefinition[] = [
  ["gpt", "s-openai"],
  ["gpt-mini", "s-openai"],
  ["claude", "s-anthropic"],
  ["gemini", "s-google"],
].map(([name = "", secret_id = ""]) => ({
  ...{ ...STAMP, model_definition_id: `d-${name}`, name, secret_id },
  ...{ provider: "any", model_name: name },
}));

type Model = readonly [name: string, linkage: LinkageType, order?: number];

function withoutIt(models: readonly Model[], changes: Partial<Endpoint> = {}) {
  const model_mappings = models.map(([name, linkage_type, order], index) => ({
    ...{ mapping_id: `m-${index}`, endpoint_id: "e-1", weight: 1 },
    ...{ model_definition_id: `d-${name}`, linkage_type },
    ...(order === undefined ? {} : { fallback_order: order }),
  }));
  const endpoint: Endpoint = {
    ...{ ...STAMP, endpoint_id: "e-1", name: "chat", tags: [], fallback_config: {} },
    ...{ model_mappings, ...changes },
  };
  const models_ = { modelDefinitions: DEFINITIONS, endpoints: [endpoint] };
  return fedEndpoints(models_, new Set(["s-openai"]))[0]?.without_it;
}

test.each<[string, readonly Model[], string | undefined]>([
  ["alone", [["gpt", "PRIMARY"]], "every call fails"],
  [
    "with fallbacks, which go on in their order",
    [
      ["gpt", "PRIMARY"],
      ["gemini", "FALLBACK", 2],
      ["claude", "FALLBACK", 1],
    ],
    "calls go on with the fallback claude, then gemini",
  ],
  [
    "with a fallback of the same key",
    [
      ["gpt", "PRIMARY"],
      ["gpt-mini", "FALLBACK", 1],
    ],
    "every call fails",
  ],
  [
    "beside another model that calls fall on",
    [
      ["gpt", "PRIMARY"],
      ["claude", "PRIMARY"],
    ],
    "calls that fall on gpt fail; those on claude go on",
  ],
  [
    "as a fallback only",
    [
      ["claude", "PRIMARY"],
      ["gpt", "FALLBACK", 1],
    ],
    "calls go on, and this fallback helps no more",
  ],
  ["not at all", [["claude", "PRIMARY"]], undefined],
])("what becomes of an endpoint that uses the key %s", (_, models, expected) => {
  expect(withoutIt(models)).toBe(expected);
});

test("a fallback that the endpoint does not enable helps nobody", () => {
  const models: Model[] = [
    ["gpt", "PRIMARY"],
    ["claude", "FALLBACK", 1],
  ];

  expect(withoutIt(models, { fallback_config: undefined as never })).toBe("every call fails");
});
