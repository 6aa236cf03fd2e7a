import { expect, test } from "@jest/globals";
import { SUPPRESSION_RULES } from "#manifest/lint.ts";
import { RULES } from "#manifest/rules/all.ts";
import type { Manifest, ManifestEndpoint, ManifestSecret } from "#manifest/types.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
} from "../../../support/builders.ts";
import { issuesOf, warningsOf } from "../../../support/issues.ts";

type Guardrail = NonNullable<ManifestEndpoint["guardrails"]>[number];

const PRIMARY = { model_definition: "gpt-4o", linkage_type: "PRIMARY" as const };
const FALLBACK = { model_definition: "gpt-4o", linkage_type: "FALLBACK" as const };
const SPARE = aModelDefinition({ name: "spare" });

function secrets(changes: Partial<ManifestSecret>): Partial<Manifest> {
  return { secrets: [aSecret(changes)], model_definitions: [aModelDefinition()] };
}

function endpoints(changes: Partial<ManifestEndpoint>): Partial<Manifest> {
  return { endpoints: [anEndpoint(changes)] };
}

function models(...list: ManifestEndpoint["models"]): Partial<Manifest> {
  return { ...endpoints({ models: list }), model_definitions: [aModelDefinition(), SPARE] };
}

function guardrail(changes: Partial<Guardrail>): Guardrail {
  const scorer = { experiment: "judges", name: "pii" };
  return { name: "pii", scorer, stage: "BEFORE", action: "VALIDATION", ...changes };
}

const UNREPLACED = ["$", "{TEAM}"].join("");
const BINDING = { resource_type: "scorer" as const, resource_id: "toxicity" };
const KEY = `sk-${"x".repeat(30)}`;

/** A change of a manifest that is fine, the rule that finds it, and what is said. */
const FOUND: [rule: string, changes: Partial<Manifest>, message: string][] = [
  [
    "unique-names",
    { secrets: [aSecret(), { name: "openai-prod", external: true }] },
    "secrets[1].name is used twice",
  ],
  [
    "known-references",
    endpoints({ models: [{ ...PRIMARY, model_definition: "x" }] }),
    "names a model definition that is not declared",
  ],
  [
    "known-references",
    endpoints({ guardrails: [guardrail({ action_endpoint: "chatt" })] }),
    'action_endpoint names an endpoint that is not declared, got "chatt"; did you mean "chat"?',
  ],
  [
    "previous-name",
    endpoints({ previous_name: "chat" }),
    "must be a name that is not declared any more",
  ],
  [
    "previous-name",
    { secrets: [aSecret({ previous_name: "x" }), aSecret({ name: "b", previous_name: "x" })] },
    "secrets[1].previous_name must be a name",
  ],
  ["fallback-without-primary", models(FALLBACK), "got FALLBACK only"],
  ["no-weight", models({ ...PRIMARY, weight: 0.009 }), "above 0.01"],
  [
    "weight-too-small",
    models(PRIMARY, { ...PRIMARY, model_definition: "spare", weight: 0.009 }),
    "models[1].weight must be above 0.01, or the model gets no traffic, got 0.009",
  ],
  [
    "weight-on-fallback",
    models(PRIMARY, { ...FALLBACK, weight: 1 }),
    "models[1].weight has no effect on a FALLBACK model, got 1",
  ],
  [
    "order-on-primary",
    models({ ...PRIMARY, fallback_order: 0 }),
    "models[0].fallback_order has no effect on a PRIMARY model, got 0",
  ],
  [
    "fallback-config-without-fallback",
    endpoints({ fallback_config: { max_attempts: 1 } }),
    "fallback_config has no effect",
  ],
  ["duplicate-model", models(PRIMARY, FALLBACK, PRIMARY), "models[2] attaches"],
  [
    "duplicate-binding",
    endpoints({ bindings: [BINDING, BINDING] }),
    'bindings[1] binds the scorer "toxicity" a second time',
  ],
  [
    "duplicate-guardrail",
    endpoints({ guardrails: [guardrail({}), guardrail({ execution_order: 1 })] }),
    'guardrails[1] adds the guardrail "pii" a second time',
  ],
  [
    "guardrail-order-clash",
    endpoints({
      guardrails: [guardrail({ execution_order: 1 }), guardrail({ name: "b", execution_order: 1 })],
    }),
    "guardrails[1].execution_order is used twice: another guardrail has 1",
  ],
  [
    "sanitization-endpoint",
    endpoints({ guardrails: [guardrail({ action: "SANITIZATION" })] }),
    "action_endpoint is required with the action SANITIZATION",
  ],
  ["reserved-names", endpoints({ name: "gwops-probe-1" }), "endpoints[0].name is reserved"],
  ["reserved-tags", endpoints({ tags: { "gwops/owner": "x" } }), "tags.gwops/owner is reserved"],
  ["reserved-tags", endpoints({ tags: { "mlflow.user": "x" } }), "tags.mlflow.user is reserved"],
  [
    "provider-contradiction",
    { model_definitions: [aModelDefinition({ provider: "azure" })] },
    'openai, got "azure"',
  ],
  [
    "provider-required",
    { secrets: [{ name: "openai-prod", external: true }] },
    "model_definitions[0].provider is required",
  ],
  [
    "unknown-auth-mode",
    secrets({ auth_config: { auth_mode: "api_keys" } }),
    'must be one of api_key for openai, got "api_keys"; did you mean "api_key"?',
  ],
  [
    "unknown-auth-mode",
    secrets({ provider: "constructor", auth_config: { auth_mode: "name" } }),
    "must be one of api_key for constructor",
  ],
  [
    "auth-config-incomplete",
    secrets({ provider: "azure", auth_config: { api_base: "https://a.example.com" } }),
    "auth_config.api_version is required by azure with the auth_mode api_key",
  ],
  [
    "value-from-required",
    secrets({ value_from: undefined }),
    "value_from is required by openai with the auth_mode api_key",
  ],
  [
    "value-keys-incomplete",
    secrets({ value_from: { secrets_manager: "a", keys: { key: "b" } } }),
    "value_from.keys.api_key is required by openai with the auth_mode api_key",
  ],
  [
    "reserved-auth-config-key",
    secrets({ auth_config: { fallbacks: "x" } }),
    "auth_config.fallbacks is reserved by MLflow",
  ],
  [
    "reserved-auth-config-key",
    secrets({ value_from: { secrets_manager: "a", keys: { api_key: "a", api_base: "b" } } }),
    "value_from.keys.api_base is reserved by MLflow",
  ],
  [
    "secret-in-auth-config",
    secrets({ auth_config: { client_secret: "x" } }),
    "auth_config.client_secret looks like a secret",
  ],
  [
    "literal-key",
    secrets({ value_from: { secrets_manager: KEY } }),
    "value_from.secrets_manager looks like a key itself",
  ],
  [
    "cli-only-source",
    secrets({ value_from: { env: "OPENAI_API_KEY" } }),
    "value_from.env is for the command line only",
  ],
  [
    "cli-only-source",
    secrets({ value_from: { file: "key.txt" } }),
    "value_from.file is for the command line only",
  ],
  [
    "setting-grammar",
    secrets({ auth_config: { api_base: "api.openai.com" } }),
    'got "api.openai.com"',
  ],
  [
    "setting-grammar",
    secrets({ auth_config: { api_base: "https://me:pass@example.com" } }),
    "[not shown]@example.com",
  ],
  [
    "setting-grammar",
    secrets({ provider: "bedrock", auth_config: { aws_region_name: "evil.example/#" } }),
    'auth_config.aws_region_name must be a region of AWS such as us-east-1, got "evil.example/#"',
  ],
  [
    "setting-in-value",
    secrets({ value_from: { secrets_manager: "a", keys: { api_key: "a", aws_region_name: "b" } } }),
    "keys.aws_region_name decides where the key is sent: it goes into auth_config.aws_region_name",
  ],
  [
    "gemini-base-version",
    secrets({ provider: "gemini", auth_config: { api_base: "https://example.com/models/" } }),
    'must have /v1, /v1beta or /v1alpha before /models, got "https://example.com/models/"',
  ],
  [
    "api-base-not-https",
    secrets({ auth_config: { api_base: "http://example.com" } }),
    "must begin with https:",
  ],
  [
    "budget-target-scope",
    { budgets: [aBudget({ target_scope: "GLOBAL" })] },
    "is not allowed with target_scope GLOBAL",
  ],
  [
    "budget-duration",
    { budgets: [aBudget({ duration: { unit: "WEEKS", value: 5201 } })] },
    "must be at most 5200 WEEKS",
  ],
  [
    "budget-untracked-endpoint",
    endpoints({ usage_tracking: false }),
    "names an endpoint with usage_tracking: false",
  ],
  [
    "budget-in-other-workspace",
    { workspace: "team-a" },
    'budgets are unreliable in a server with several workspaces, got workspace "team-a"',
  ],
  [
    "equal-budgets",
    { budgets: [aBudget(), aBudget({ name: "again", budget_amount: 1 })] },
    '"again" has the scope, window and action of a budget above',
  ],
  [
    "adopt-once",
    {
      budgets: [
        aBudget({ adopt: "bp-1" }),
        aBudget({ name: "b", budget_action: "REJECT", adopt: "bp-1" }),
      ],
    },
    "budgets[1].adopt is adopted twice",
  ],
  [
    "thresholds-unsorted",
    { budgets: [aBudget({ alerts: { thresholds: [0.5, 0.5] } })] },
    "thresholds[1] must be more than the one before, 0.5, got 0.5",
  ],
  [
    "placeholder-left",
    { model_definitions: [aModelDefinition(), { ...SPARE, name: `${UNREPLACED}-x` }] },
    `model_definitions[1].name looks like a placeholder that nothing replaced, got "${UNREPLACED}"`,
  ],
  ...[
    "$(TEAM)",
    "{{ team }}",
    "a-#{team}",
    "<%= team %>",
    "$TEAM",
    "<your-team>",
    "$TEAM-x",
    "x-<team>",
    "a/$TEAM",
    "__TEAM__",
    "chat__TEAM__eu",
    "x-__team__",
    "<TEAM>",
    "the <TEAM NAME> of today",
    "%TEAM%",
    "chat_%TEAM_NAME%",
    "%team%-x",
    "%DATABASE%",
    "@TEAM@",
  ].map((text): [string, Partial<Manifest>, string] => [
    "placeholder-left",
    { endpoints: [anEndpoint({ tags: { team: text } })] },
    "endpoints[0].tags.team looks like a placeholder",
  ]),
  [
    "placeholder-left",
    { endpoints: [anEndpoint({ tags: { [UNREPLACED]: "search" } })] },
    "looks like a placeholder",
  ],
  [
    "unused-secret",
    { secrets: [aSecret(), aSecret({ name: "spare" })] },
    'secrets[1].name is used by no model definition of yours, got "spare"',
  ],
  [
    "unused-model-definition",
    { model_definitions: [aModelDefinition(), SPARE] },
    'is used by no endpoint of yours, got "spare"',
  ],
  [
    "wrong-suppression",
    { lint: { disable: ["unused-secrets"] } },
    'lint.disable[0] is not a rule, got "unused-secrets"; did you mean "unused-secret"?',
  ],
  [
    "wrong-suppression",
    { lint: { disable: ["no-weight"] } },
    'cannot be switched off: "no-weight" finds errors',
  ],
  [
    "unused-suppression",
    { lint: { disable: ["unused-secret"] } },
    'lint.disable[0] finds nothing here, got "unused-secret"',
  ],
];

const ALL = [...RULES, ...SUPPRESSION_RULES];

test.each(FOUND)("%s finds %j", async (rule, changes, message) => {
  const text = JSON.stringify(aManifest(changes), null, 2);
  const severity = ALL.find(({ id }) => id === rule)?.severity;

  const lines = severity === "error" ? await issuesOf(text) : await warningsOf(text);

  expect(lines).toContainEqual(expect.stringContaining(message));
  expect(lines.filter((line) => line.includes(message))).toEqual([
    expect.stringMatching(new RegExp(`^gateway\\.yaml:\\d+:\\d+ .*\\(${rule}\\)$`)),
  ]);
  expect(lines.join()).not.toMatch(new RegExp(`${KEY}|pass@`));
});

test("every rule finds something above, and a warning makes no file invalid", async () => {
  expect([...new Set(FOUND.map(([rule]) => rule))].toSorted()).toEqual(
    ALL.map(({ id }) => id).toSorted(),
  );
  for (const [rule, changes] of FOUND) {
    if (ALL.find(({ id }) => id === rule)?.severity === "error") continue;
    expect(await issuesOf(JSON.stringify(aManifest(changes)))).toEqual([]);
  }
});

test.each<[string, Partial<Manifest>]>([
  ["a manifest of one resource of each kind", {}],
  [
    "several PRIMARY models, one of them drained",
    models(PRIMARY, { ...PRIMARY, model_definition: "spare", weight: 0 }),
  ],
  [
    "a PRIMARY model that is its own FALLBACK",
    { ...models(PRIMARY, FALLBACK), model_definitions: [aModelDefinition()] },
  ],
  [
    "the credentials of the server itself",
    secrets({
      provider: "bedrock",
      value_from: undefined,
      auth_config: { auth_mode: "iam_role", aws_role_name: "x" },
    }),
  ],
  ["settings that are left as they are", secrets({ provider: "azure" })],
  [
    "an external secret with a stated provider",
    {
      secrets: [{ name: "openai-prod", external: true }],
      model_definitions: [aModelDefinition({ provider: "openai" })],
    },
  ],
  [
    "guardrails that run in an order",
    endpoints({
      guardrails: [
        guardrail({ execution_order: 1 }),
        guardrail({ name: "b", execution_order: 2 }),
        guardrail({ name: "c" }),
        guardrail({ name: "d" }),
      ],
    }),
  ],
  [
    "a guardrail whose endpoint rewrites texts",
    endpoints({ guardrails: [guardrail({ action: "SANITIZATION", action_endpoint: "chat" })] }),
  ],
  [
    "an alert and a limit of the same budget",
    { budgets: [aBudget(), aBudget({ name: "b", budget_action: "REJECT" })] },
  ],
  [
    "budgets that adopt different policies",
    {
      budgets: [
        aBudget({ adopt: "bp-1" }),
        aBudget({ name: "b", budget_action: "REJECT", adopt: "bp-2" }),
      ],
    },
  ],
  [
    "texts that only look a little like placeholders",
    endpoints({
      tags: {
        a: "50 % to 60 %, %E2%80%A6, %AB%20x",
        b: "1 < TWO and TWO > 1, ada@example.com, @ada",
        c: "a__b__c, ___",
        d: "US$ 5, #1",
      },
    }),
  ],
  ["an address that was taken away", secrets({ auth_config: { api_base: "" } })],
  [
    "an address of gemini with a version, or without models",
    {
      secrets: ["/v1beta/models", "/v1alpha/models/", "/v1/models", "/models/x", ""].map(
        (path, n) =>
          aSecret({
            name: n === 0 ? "openai-prod" : `gemini-${n}`,
            provider: "gemini",
            auth_config: { api_base: `https://example.com${path}` },
          }),
      ),
    },
  ],
])("no rule finds anything in %s", async (_, changes) => {
  const text = JSON.stringify(aManifest(changes));

  expect([
    ...(await issuesOf(text)),
    ...(await warningsOf(text)).filter((line) => !line.includes("unused-")),
  ]).toEqual([]);
});

test("a warning that a file switches off is not told", async () => {
  const changes = models(PRIMARY, { ...FALLBACK, weight: 1 });
  const lint = { disable: ["weight-on-fallback", "unused-model-definition"] };

  expect(await warningsOf(JSON.stringify(aManifest({ ...changes, lint })))).toEqual([]);
});

test("the command line may read values from its environment and from files", async () => {
  const manifest = aManifest(secrets({ value_from: { env: "OPENAI_API_KEY" } }));

  expect(await issuesOf(JSON.stringify(manifest), { sources: "any" })).toEqual([]);
});

test("rules have ids of their own in kebab case, a title and a reason", () => {
  expect(ALL.length).toBeGreaterThanOrEqual(15);
  expect(new Set(ALL.map(({ id }) => id)).size).toBe(ALL.length);
  for (const { id, title, why } of ALL) {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/);
    expect(`${title}. ${why}.`).toMatch(/^[A-Z`].{20,}[^.]\. .{10,}[^.]\.$/);
  }
});
