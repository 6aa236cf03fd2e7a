import { expect, test } from "@jest/globals";
import { accessUnder } from "#manifest/access.ts";
import { exportManifest } from "#manifest/export.ts";
import { parseManifest } from "#manifest/parse.ts";
import type { ActualResource, ActualState } from "#reconcile/state.ts";
import { everyGrant } from "../../support/builders.ts";
import { issuesOf, warningsOf, yaml } from "../../support/issues.ts";

function actualOf(...resources: ActualResource[]): ActualState {
  const experiments = { experiments: new Map(), deletedExperiments: new Map() };
  return { resources, ...experiments, guardrails: [], scorers: new Map() };
}

const SECRET: ActualResource = {
  kind: "secret",
  id: "s-1",
  name: "openai",
  fields: { provider: "openai", auth_config: { api_base: "https://api.openai.com/v1" } },
};
const MODEL: ActualResource = {
  kind: "model_definition",
  id: "d-1",
  name: "gpt-4o",
  fields: { secret: "openai", provider: "openai", model_name: "gpt-4o" },
};
const ENDPOINT: ActualResource = {
  kind: "endpoint",
  id: "e-1",
  name: "chat",
  fields: {
    models: [{ model_definition: "gpt-4o", linkage_type: "PRIMARY", weight: 1 }],
    usage_tracking: true,
    experiment_id: "7",
    tags: { team: "search", "gwops/owner": "search", "mlflow.note": "x" },
    bindings: [{ resource_type: "scorer", resource_id: "toxicity" }],
    guardrails: [
      {
        name: "pii",
        scorer: { experiment: "judges", name: "pii", version: 2 },
        stage: "BEFORE",
        action: "VALIDATION",
        execution_order: 1,
      },
      {
        name: "old",
        scorer: { experiment: "#12", name: "old", version: 1 },
        stage: "AFTER",
        action: "VALIDATION",
      },
    ],
  },
};

function budget(id: string, changes: Partial<ActualResource> = {}): ActualResource {
  return {
    kind: "budget",
    id,
    name: id,
    fields: {
      budget_unit: "USD",
      budget_amount: 5,
      duration: { unit: "MONTHS", value: 1 },
      target_scope: "ENDPOINT",
      target_value: "chat",
      budget_action: "ALERT",
    },
    ...changes,
  } as ActualResource;
}

test("an experiment that was deleted in MLflow is told beside the endpoint that names it", () => {
  const actual = {
    ...actualOf(ENDPOINT, MODEL, SECRET),
    deletedExperiments: new Map([["gateway/chat", "7"]]),
  };

  const text = exportManifest(actual, { owner: "search", workspace: "default" });

  expect(text).toContain(`endpoints:
  # Its experiment "gateway/chat" (7) was deleted in MLflow:
  # restore it (mlflow experiments restore --experiment-id 7), or name another one
  - name: chat
`);
  expect(text).toContain('experiment_id: "7"\n');
});

test("a gateway that was made by hand becomes a manifest with comments", async () => {
  const actual = {
    ...actualOf(budget("bp-2"), ENDPOINT, budget("bp-1"), MODEL, SECRET),
    experiments: new Map([["gateway/chat", "7"]]),
    deletedExperiments: new Map<string, string>(),
  };

  const text = exportManifest(actual, { owner: "search", workspace: "default" });

  expect(text).toBe(yaml`
    version: 1
    secrets:
      # Its value cannot be exported. To manage it, put the value into AWS Secrets Manager and
      # write in place of external: true
      #     provider: "openai"
      #     value_from: { secrets_manager: NAME_OF_THE_AWS_SECRET }
      #     auth_config: {"api_base":"https://api.openai.com/v1"}
      - name: openai
        external: true
    model_definitions:
      - name: gpt-4o
        secret: openai
        provider: openai
        model_name: gpt-4o
    endpoints:
      - name: chat
        models:
          - { linkage_type: PRIMARY, model_definition: gpt-4o, weight: 1 }
        usage_tracking: true
        experiment: gateway/chat
        tags: { team: search }
        bindings:
          - { resource_type: scorer, resource_id: toxicity }
        guardrails:
          - { name: old }
          - name: pii
            scorer: { experiment: judges, name: pii, version: 2 }
            stage: BEFORE
            action: VALIDATION
            execution_order: 1
    budgets:
      - name: chat-1-months-alert
        adopt: bp-1
        budget_unit: USD
        budget_amount: 5
        duration: { unit: MONTHS, value: 1 }
        target_scope: ENDPOINT
        target_value: chat
        budget_action: ALERT
      - name: chat-1-months-alert-2
        adopt: bp-2
        budget_unit: USD
        budget_amount: 5
        duration: { unit: MONTHS, value: 1 }
        target_scope: ENDPOINT
        target_value: chat
        budget_action: ALERT
  `);
  expect(await issuesOf(text)).toEqual([]);
});

test("bindings that MLflow made for itself are nobody's to declare, and not exported", () => {
  const ours = { resource_type: "scorer", resource_id: "toxicity" } as const;
  const foreign = { resource_type: "scorer", resource_id: "of-a-judge", is_foreign: true } as const;
  const withBindings = (bindings: (typeof ours | typeof foreign)[]): ActualResource => ({
    ...ENDPOINT,
    fields: { ...ENDPOINT.fields, bindings },
  });
  const exported = (bindings: (typeof ours | typeof foreign)[]) =>
    exportManifest(actualOf(withBindings(bindings), MODEL, SECRET), {
      owner: "search",
      workspace: "default",
    });

  expect(exported([foreign, ours])).toBe(exported([ours]));
  expect(exported([foreign])).not.toContain("bindings");
});

test("a secret whose source is known is exported whole, and a workspace is named", () => {
  const value_from = { secrets_manager: "prod/openai", keys: { api_key: "KEY" } };
  const secret = { ...SECRET, owner: "search", fields: { ...SECRET.fields, value_from } };

  const text = exportManifest(actualOf(secret as ActualResource), {
    owner: "search",
    workspace: "team-a",
  });

  expect(text).toBe(yaml`
    version: 1
    workspace: team-a
    secrets:
      - name: openai
        provider: openai
        value_from:
          secrets_manager: prod/openai
          keys: { api_key: KEY }
        auth_config: { api_base: https://api.openai.com/v1 }
  `);
});

test("what another owner manages is external where it is used, and else left out", async () => {
  const other = { owner: "other" };
  const unused = { ...SECRET, ...other, id: "s-2", name: "unused" };
  const actual = actualOf(
    { ...SECRET, ...other },
    unused,
    MODEL,
    { ...ENDPOINT, ...other },
    budget("bp-1", { ...other, name: "theirs" }),
    budget("bp-2", { owner: "search", name: "ours" }),
  );

  const text = exportManifest(actual, { owner: "search", workspace: "default" });

  expect(text).not.toMatch(/unused|theirs/);
  const parsed = await parseManifest(text);
  expect(parsed).toMatchObject({
    manifest: {
      secrets: [{ name: "openai", external: true }],
      endpoints: [{ name: "chat", external: true }],
      budgets: [{ name: "ours" }],
    },
  });
  const everything = exportManifest(actual, { workspace: "default" });
  expect(everything).toMatch(/name: theirs/);
  expect(everything).toMatch(/name: unused/);
});

test("what the language cannot say is external, or a comment at the end", async () => {
  const fallback = { model_definition: "gpt-4o", linkage_type: "FALLBACK" as const };
  const actual = actualOf(
    SECRET,
    MODEL,
    { ...MODEL, id: "d-2", name: "orphan", fields: { ...MODEL.fields, secret: undefined } },
    { ...MODEL, id: "d-3", name: "line\nbreak" },
    { ...ENDPOINT, name: "no-primary", fields: { models: [fallback], fallback_config: {} } },
    { ...ENDPOINT, name: "no-fallback", fields: { models: [...ENDPOINT.fields.models, fallback] } },
    { ...ENDPOINT, name: "novel", unknown_values: ["routing_strategy: LATENCY"] },
    budget("bp-1", { fields: { ...budget("").fields, target_value: "e-gone" } } as never),
    budget("bp-2", { fields: { ...budget("").fields, target_value: "novel" } } as never),
  ) as ActualState;

  const text = exportManifest(actual, { workspace: "default" });

  expect(await issuesOf(text)).toEqual([]);
  expect(text).toContain("  # its secret was deleted\n  - name: orphan\n    external: true\n");
  expect(text).toContain(
    "  # models needs at least one model with linkage_type PRIMARY, got FALLBACK only\n  - name: no-primary\n",
  );
  expect(text).toContain(
    "  # it has FALLBACK models and no fallback_config, so that MLflow never tries them\n  - name: no-fallback\n",
  );
  expect(text).toContain("  # routing_strategy: LATENCY\n  - name: novel\n");
  expect(text).toContain("target_value: novel");
  expect(text.slice(text.indexOf("# Not exported:"))).toBe(yaml`
    # Not exported:
    # - budget "e-gone-1-months-alert": target_value names an endpoint that is not declared, got "e-gone"
    # - model_definition "line\\nbreak": name must have no control characters, got "line\\nbreak"
  `);
});

test("the order in which the gateway lists its resources does not matter", () => {
  const resources = [SECRET, MODEL, ENDPOINT, budget("bp-1"), budget("bp-2")];
  const options = { workspace: "default" };

  expect(exportManifest(actualOf(...resources.toReversed()), options)).toBe(
    exportManifest(actualOf(...resources), options),
  );
});

test("an empty gateway is an empty manifest", () => {
  expect(exportManifest(actualOf(), { workspace: "default" })).toBe("version: 1\n");
});

test("what a policy does not grant the owner is external or a comment, and the rest is accepted", async () => {
  const grants = everyGrant({
    kinds: ["model_definition", "endpoint", "budget"],
    names: ["gpt-*", "chat", "own"],
    experiments: ["*"],
    externals: ["openai"],
    budgets: { scopes: ["ENDPOINT"], amount_max: 100 },
  });
  const access = accessUnder({ version: 2, owners: { search: grants } }, "search");
  const plain = { models: [{ model_definition: "gpt-4o", linkage_type: "PRIMARY" as const }] };
  const [chat, talk] = ["chat", "talk"].map(
    (name): ActualResource => ({ kind: "endpoint", id: `e-${name}`, name, fields: plain }),
  );
  const actual = actualOf(SECRET, MODEL, ...[chat, talk].filter((one) => !!one), budget("bp-1"));

  const text = exportManifest(actual, { owner: "search", workspace: "default", access });

  expect(await issuesOf(text, { access })).toEqual([]);
  expect(text).toMatch(/- name: openai\n {4}external: true/);
  expect(text).toContain("- name: chat\n");
  expect(text).toMatch(/# - endpoint "talk": name is not granted to this owner/);
  expect(text).toMatch(/# - budget ".*": .*is not granted to this owner/);
});

test("what is protected says so, and what has to be external keeps it in a comment", async () => {
  const value_from = { secrets_manager: "prod/openai" };
  const ours = { ...SECRET, id: "s-2", name: "ours", fields: { ...SECRET.fields, value_from } };
  const actual = actualOf(
    SECRET,
    ours as ActualResource,
    MODEL,
    { ...ENDPOINT, fields: { models: ENDPOINT.fields.models } } as ActualResource,
    budget("bp-1", { owner: "search", name: "month" }),
  );
  const keys = [
    "secret/openai",
    "secret/ours",
    "model_definition/gpt-4o",
    "endpoint/chat",
  ] as const;
  const all = new Set([...keys, "budget/month"] as const);

  const text = exportManifest(actual, { owner: "search", workspace: "default", protected: all });

  expect(await issuesOf(text, { sources: "any" })).toEqual([]);
  expect(text.match(/protected: true\n/g)).toHaveLength(4);
  expect(text).toMatch(
    /# It is protected: say protected: true where it is managed\n {2}- name: openai/,
  );
  expect(exportManifest(actual, { workspace: "default" })).not.toContain("protected");
});

test("the level of a protection is exported as it is", () => {
  const value_from = { secrets_manager: "prod/openai" };
  const ours = { ...SECRET, id: "s-2", name: "ours", fields: { ...SECRET.fields, value_from } };
  const actual = actualOf(SECRET, ours as ActualResource);
  const keys = new Set(["secret/openai", "secret/ours"] as const);

  const text = exportManifest(actual, {
    ...{ owner: "search", workspace: "default", protected: keys, protectedFromChanges: keys },
  });

  expect(text).toContain("    protected: changes\n");
  expect(text).toContain("# It is protected: say protected: changes where it is managed\n");
});

test("PRIMARY models come first, FALLBACK models in their turn, and nothing without effect", async () => {
  const models = [
    { model_definition: "a", linkage_type: "FALLBACK" as const, fallback_order: 10 },
    { model_definition: "b", linkage_type: "FALLBACK" as const, fallback_order: 9 },
    { model_definition: "gpt-4o", linkage_type: "PRIMARY" as const, weight: 1 },
  ];
  const endpointOf = (name: string, list: typeof models): ActualResource => ({
    kind: "endpoint",
    id: name,
    name,
    fields: { models: list, fallback_config: {} },
  });
  const actual = actualOf(
    SECRET,
    MODEL,
    { ...MODEL, id: "d-a", name: "a" },
    { ...MODEL, id: "d-b", name: "b" },
    endpointOf("falls-back", models),
    endpointOf("plain", models.slice(2)),
  );

  const text = exportManifest(actual, { workspace: "default" });

  expect(text.match(/linkage_type: \w+|fallback_order: \d+/g)).toEqual([
    "linkage_type: PRIMARY",
    "linkage_type: FALLBACK",
    "fallback_order: 9",
    "linkage_type: FALLBACK",
    "fallback_order: 10",
    "linkage_type: PRIMARY",
  ]);
  expect(text.match(/fallback_config/g)).toHaveLength(1);
  expect(await warningsOf(text)).not.toContainEqual(expect.stringContaining("fallback_config"));
});

test("rules that are switched off stay so where they find something", async () => {
  const actual = actualOf(SECRET, MODEL);
  const disabled = ["unused-secret", "unused-model-definition", "unused-model-definition"];

  const text = exportManifest(actual, { workspace: "default", disabled });

  expect(text).toContain("lint:\n  disable:\n    - unused-model-definition\n");
  expect(await warningsOf(text)).toEqual([]);
});
