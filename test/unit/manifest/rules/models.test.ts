import { expect, test } from "@jest/globals";
import type { ManifestEndpoint } from "#manifest/types.ts";
import { aManifest, aModelDefinition, anEndpoint } from "../../../support/builders.ts";
import { issuesOf, yaml } from "../../../support/issues.ts";

type Model = ManifestEndpoint["models"][number];

function primary(weight?: number): Model {
  return { model_definition: "gpt-4o", linkage_type: "PRIMARY", weight };
}

const FALLBACK: Model = { model_definition: "gpt-4o", linkage_type: "FALLBACK" };

async function issuesWith(models: Model[]): Promise<string[]> {
  const manifest = aManifest({
    model_definitions: [aModelDefinition(), aModelDefinition({ name: "spare" })],
    endpoints: [anEndpoint({ models })],
  });
  return issuesOf(JSON.stringify(manifest));
}

test("an endpoint of fallbacks only is told with its place", async () => {
  const issues = await issuesOf(yaml`
    version: 1
    secrets: [{ name: s, provider: openai, value_from: { secrets_manager: a } }]
    model_definitions: [{ name: gpt-4o, secret: s, model_name: gpt-4o }]
    endpoints:
      - name: chat
        models:
          - { model_definition: gpt-4o, linkage_type: FALLBACK }
  `);

  expect(issues).toEqual([
    "gateway.yaml:6:5 endpoints[0].models needs at least one model with linkage_type PRIMARY, got FALLBACK only (fallback-without-primary)",
  ]);
});

test.each([[[primary(0)]], [[primary(0.009), FALLBACK]]])(
  "weights of which MLflow keeps nothing are told: %j",
  async (models) => {
    expect(await issuesWith(models)).toEqual([
      expect.stringContaining(
        "endpoints[0].models needs a PRIMARY model with a weight above 0.01: no call would find a model (no-weight)",
      ),
    ]);
  },
);

test("a model that is attached twice in the same way is told", async () => {
  expect(await issuesWith([primary(), FALLBACK, primary(0.5)])).toEqual([
    expect.stringContaining(
      'endpoints[0].models[2] attaches "gpt-4o" as PRIMARY a second time (duplicate-model)',
    ),
  ]);
});

test.each<[Model[]]>([
  [[primary()]],
  [[primary(0.02)]],
  [[primary(0), { ...primary(1), model_definition: "spare" }]],
  [[primary(), FALLBACK]],
])("these models can be called: %j", async (models) => {
  expect(await issuesWith(models)).toEqual([]);
});
