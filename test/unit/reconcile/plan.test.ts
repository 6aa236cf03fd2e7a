import { expect, test } from "@jest/globals";
import type { Change, Plan } from "#reconcile/change.ts";
import type { PlanGrants } from "#reconcile/plan/context.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { recognised } from "#reconcile/plan/recognise.ts";
import {
  type ActualResource,
  type DesiredResource,
  identityOf,
  keyOf,
  NOTHING_KNOWN,
  type ResourceKey,
} from "#reconcile/state.ts";
import {
  actualState,
  aGuardrail,
  budget,
  definition,
  desiredState,
  endpoint,
  everyKind,
  existing,
  known,
  leftBefore,
  secret,
  unmarkedPolicy,
} from "../../support/states.ts";

const PRUNE = { prune: true };
const KEEP = { prune: false };
/** A policy that has nothing against what is there, and grants no external. */
const GRANTS: PlanGrants = {
  mayReference: () => false,
  existing: () => [],
  experiment: () => undefined,
};

type Resources = Parameters<typeof actualState>[0];

/** What is planned for the resources of "search", which every test declares and reports itself. */
function planOf(
  desired: readonly DesiredResource[],
  actual: Resources,
  {
    options = PRUNE,
    knows = NOTHING_KNOWN,
    declares = {},
    reports = {},
  }: {
    readonly options?: Parameters<typeof planChanges>[3];
    readonly knows?: Parameters<typeof planChanges>[2];
    readonly declares?: Parameters<typeof desiredState>[1];
    readonly reports?: Parameters<typeof actualState>[1];
  } = {},
) {
  const state = desiredState(desired, declares);
  const left = leftBefore(knows, actual);
  return planChanges(state, recognised(actualState(actual, reports), state, left), left, options);
}

function summary({ changes }: Pick<Plan, "changes">): string[] {
  return changes.map((change) =>
    change.action === "delete"
      ? `delete ${keyOf(change.actual)} (${change.reason})`
      : `${change.action} ${keyOf(change.desired)}`,
  );
}

function changedPaths(change: Change | undefined): string[] {
  return change && "changed_fields" in change ? change.changed_fields.map(({ path }) => path) : [];
}

function messages({ notices }: Plan): string[] {
  return notices.map(({ code, key, message }) => `${code} ${key ?? "-"} ${message}`);
}

test("everything is created on an empty gateway: by level, then by name", () => {
  const { plan, issues } = planOf(
    [
      budget("chat-monthly"),
      ...["b", "chat", "a"].map((name) => endpoint(name)),
      definition("z"),
      definition("gpt-4o"),
      secret("openai-prod"),
    ],
    [],
  );

  expect(issues).toEqual([]);
  expect(plan).toMatchObject({ version: 1, owner: "search", workspace: "default", prune: true });
  expect(summary(plan)).toEqual([
    "create secret/openai-prod",
    "create model_definition/gpt-4o",
    "create model_definition/z",
    "create endpoint/a",
    "create endpoint/b",
    "create endpoint/chat",
    "create budget/chat-monthly",
  ]);
});

test("nothing is planned when everything is as declared", () => {
  const { plan, issues } = planOf(
    everyKind(),
    everyKind().map((resource) => existing(resource)),
  );

  expect({ changes: plan.changes, notices: plan.notices, issues }).toEqual({
    changes: [],
    notices: [],
    issues: [],
  });
  expect(plan.owned_before).toEqual({ secret: 1, model_definition: 1, endpoint: 1, budget: 1 });
});

test("what differs is updated, with the fields that changed", () => {
  const { plan } = planOf(
    [secret("openai-prod", { source_version: "version-2" })],
    [existing(secret("openai-prod", { source_version: "version-1" }))],
  );

  expect(plan.changes).toMatchObject([
    {
      action: "update",
      actual: { id: "id-of-openai-prod" },
      changed_fields: [{ path: "source_version", before: "version-1", after: "version-2" }],
    },
  ]);
});

test("what nobody has marked is adopted, even when nothing else changes", () => {
  const { plan } = planOf(
    everyKind().slice(0, 3),
    everyKind().map((resource) => existing(resource, { owner: undefined })),
  );

  expect(summary(plan)).toEqual([
    "adopt secret/openai-prod",
    "adopt model_definition/gpt-4o",
    "adopt endpoint/chat",
  ]);
  expect(plan.changes.flatMap(changedPaths)).toEqual([]);
  expect(plan.owned_before).toEqual({ secret: 0, model_definition: 0, endpoint: 0, budget: 0 });
});

test.each([undefined, "somebody"])(
  "what is known by id is ours whatever its mark says (%s), and the mark is put back",
  (owner) => {
    const { plan, issues } = planOf(
      [secret("openai-prod")],
      [existing(secret("openai-prod"), { owner })],
      { knows: known({ owned: ["secret/openai-prod"] }) },
    );

    expect(issues).toEqual([]);
    expect(plan.changes).toMatchObject([
      { action: "update", changed_fields: [{ path: "owner", before: owner, after: "search" }] },
    ]);
    expect(plan.owned_before.secret).toBe(1);
  },
);

test("what somebody else made under the name of what is gone is theirs", () => {
  const { issues } = planOf(
    [secret("openai-prod")],
    [existing(secret("openai-prod"), { owner: "somebody", id: "s-2" })],
    { knows: known({ owned: ["secret/openai-prod"] }) },
  );

  expect(issues).toMatchObject([{ rule: "ownership", key: "secret/openai-prod" }]);
});
test("resources of different kinds do not stand for each other", () => {
  const { plan } = planOf([secret("chat")], [existing(endpoint("chat"), { owner: "other" })]);

  expect(summary(plan)).toEqual(["create secret/chat"]);
});

test("an endpoint that rewrites another's text is written before it", () => {
  const guarded = (name: string, action_endpoint: string) =>
    endpoint(name, { guardrails: [{ ...guardrailOf(), action_endpoint }] });
  const { plan, issues } = planOf(
    [
      secret("openai-prod"),
      definition("gpt-4o"),
      guarded("a", "m"),
      guarded("m", "z"),
      endpoint("z"),
      endpoint("b"),
    ],
    [],
    { reports: SCORERS },
  );

  expect(issues).toEqual([]);
  expect(summary(plan).slice(2)).toEqual([
    "create endpoint/b",
    "create endpoint/z",
    "create endpoint/m",
    "create endpoint/a",
  ]);
});

test("endpoints that rewrite each other's text in a circle are refused, one that does its own is not", () => {
  const guarded = (name: string, action_endpoint: string) =>
    endpoint(name, { guardrails: [{ ...guardrailOf(), action_endpoint }] });
  const { plan, issues } = planOf(
    [
      secret("openai-prod"),
      definition("gpt-4o"),
      guarded("a", "b"),
      guarded("b", "a"),
      guarded("c", "c"),
      guarded("d", "a"),
    ],
    [],
    { reports: SCORERS },
  );

  const message = `let endpoints rewrite each other's text in a circle: "a" -> "b" -> "a"`;
  expect(issues).toEqual(
    ["endpoint/a", "endpoint/b"].map((key) => ({
      rule: "action-endpoint-cycle",
      key,
      path: ["guardrails"],
      message,
    })),
  );
  expect(summary(plan)).toContain("create endpoint/c");
});

test("resources of another owner are refused, all of them named, and not changed", () => {
  const { plan, issues } = planOf(
    [secret("openai-prod", { source_version: "2" }), definition("gpt-4o", { model_name: "o5" })],
    [
      existing(secret("openai-prod"), { owner: "other" }),
      existing(definition("gpt-4o"), { owner: "other" }),
    ],
  );

  expect(plan.changes).toEqual([]);
  expect(issues).toEqual(
    ["model_definition/gpt-4o", "secret/openai-prod"].map((key) => ({
      rule: "ownership",
      key,
      path: [],
      message: 'belongs to the owner "other", not to "search"',
    })),
  );
});

test("an external resource must exist, and is not changed, deleted or counted as unused", () => {
  const declares = { externals: ["secret/openai-prod" as const] };
  const missing = planOf([definition("gpt-4o")], [], { declares });
  const present = planOf(
    [definition("gpt-4o")],
    [existing(secret("openai-prod"), { owner: undefined })],
    { declares },
  );
  const own = planOf([definition("gpt-4o")], [existing(secret("openai-prod"))], { declares });

  expect(missing.issues).toEqual([
    {
      rule: "known-references",
      key: "secret/openai-prod",
      path: [],
      message: "is declared as external, but does not exist on the gateway",
    },
  ]);
  expect([...present.issues, ...own.issues]).toEqual([]);
  expect(summary(present.plan)).toEqual(["create model_definition/gpt-4o"]);
  expect(summary(own.plan)).toEqual(["create model_definition/gpt-4o"]);
});

test("the key of an external secret is not sent to another provider than it is for", () => {
  const stolen = definition("m", { provider: "oobabooga", model_name: "https://evil.example" });
  const of = (provider: string, ...present: ActualResource[]) =>
    planOf(
      [stolen],
      [existing(secret("openai-prod", { provider }), { owner: undefined }), ...present],
      { declares: { externals: ["secret/openai-prod"] } },
    );

  expect(of("openai").issues).toEqual([
    {
      rule: "provider-contradiction",
      key: "model_definition/m",
      path: ["provider"],
      message: 'must be the provider of the secret "openai-prod", openai, got "oobabooga"',
    },
  ]);
  expect(of("oobabooga").issues).toEqual([]);
  // Made by hand, without a word on whom it is for.
  expect(of("").issues).toEqual([]);
  // Somebody else made it so.
  expect(of("openai", existing(stolen, { owner: undefined })).issues).toEqual([]);
  expect(of("openai", existing(definition("m"))).issues).toHaveLength(1);
  const renamed = { ...stolen, fields: { ...stolen.fields, model_name: "llama" } };
  expect(of("openai", existing(renamed)).issues).toHaveLength(1);
});

test("an external resource of another owner is refused unless its owner may be referred to", () => {
  const plan = (options: Parameters<typeof planChanges>[3]) =>
    planOf([], [existing(secret("openai-prod"), { owner: "other" })], {
      options,
      declares: { externals: ["secret/openai-prod"] },
    });

  expect(plan(PRUNE).issues).toEqual([
    {
      rule: "ownership",
      key: "secret/openai-prod",
      path: [],
      message: `belongs to the owner "other", to whose resources "search" may not refer`,
    },
  ]);
  const mayReference = (key: string, owner?: string) =>
    key === "secret/openai-prod" && owner === "other";
  expect(plan({ ...PRUNE, grants: { ...GRANTS, mayReference } }).issues).toEqual([]);
});

test.each<[string, DesiredResource, (string | number)[], string]>([
  ["a secret", definition("d", { secret: "gone" }), ["secret"], 'the secret "gone"'],
  [
    "a model definition",
    endpoint("e", {
      models: [
        { model_definition: "gpt-4o", linkage_type: "PRIMARY" },
        { model_definition: "gone", linkage_type: "FALLBACK" },
      ],
    }),
    ["models", 1, "model_definition"],
    'the model definition "gone"',
  ],
  ["an endpoint", budget("b", { target_value: "gone" }), ["target_value"], 'the endpoint "gone"'],
  [
    "an endpoint of a guardrail",
    endpoint("e", { guardrails: [{ ...guardrailOf(), action_endpoint: "gone" }] }),
    ["guardrails", 0, "action_endpoint"],
    'the endpoint "gone"',
  ],
])("a reference to %s that nobody declared is refused at its place", (_, resource, path, what) => {
  const { issues } = planOf([...everyKind(), resource], [], { reports: SCORERS });

  expect(issues).toEqual([
    {
      rule: "known-references",
      key: keyOf(resource),
      path,
      message: `names ${what}, which is declared neither here nor as external`,
    },
  ]);
});

test("what froze may be referred to as long as it exists", () => {
  const knows = known({ frozen: ["secret/openai-prod"], owned: ["secret/openai-prod"] });
  const present = planOf([definition("gpt-4o")], [existing(secret("openai-prod"))], { knows });
  const missing = planOf([definition("gpt-4o")], [], { knows });

  expect(present.issues).toEqual([]);
  expect(summary(present.plan)).toEqual(["create model_definition/gpt-4o"]);
  expect(missing.issues).toMatchObject([
    {
      path: ["secret"],
      message:
        'names the secret "openai-prod", which is no longer declared, and not on the gateway',
    },
  ]);
});

test.each(["search", undefined])(
  "a provider that the server would not change is refused (owner %s)",
  (owner) => {
    const { issues } = planOf(
      [secret("openai-prod", { provider: "azure" })],
      [existing(secret("openai-prod"), { owner })],
    );

    expect(issues).toEqual([
      {
        rule: "immutable",
        key: "secret/openai-prod",
        path: ["provider"],
        message:
          'cannot change from "openai" to "azure" on the gateway: declare the secret under a new name, with previous_name: openai-prod',
      },
    ]);
  },
);

/** What is said of a secret whose settings change. */
function riskOf(
  provider: string,
  before: Record<string, string>,
  after: Record<string, string>,
): string | undefined {
  const settings = (auth_config: Record<string, string>) =>
    secret("s", { provider, auth_config: { auth_mode: "api_key", ...auth_config } });
  const { plan } = planOf([settings(after)], [existing(settings(before))]);
  const [change] = plan.changes;
  expect(change?.action).toBe("update");
  return change?.action === "update" ? change.high_risk : undefined;
}

test.each<[string | undefined, string | undefined, string]>([
  [
    "https://api.openai.com/v1",
    "https://evil.example:8443/v1",
    "evil.example:8443 instead of api.openai.com",
  ],
  [undefined, "https://evil.example", "evil.example instead of api.openai.com"],
  ["https://proxy.example/v1", undefined, "api.openai.com instead of proxy.example"],
  ["https://api.openai.com", "not a url", "not a url as well"],
  [
    "https://x.example/a",
    "http://x.example/a",
    "http://x.example/a instead of https://x.example/a",
  ],
  [
    "https://x.example/a",
    "https://x.example/b",
    "https://x.example/b instead of https://x.example/a",
  ],
  [undefined, "http://api.openai.com", "http://api.openai.com"],
])("a change of api_base is of high risk: from %s to %s", (before, after, hosts) => {
  const withBase = (api_base: string | undefined) => (api_base === undefined ? {} : { api_base });

  expect(riskOf("openai", withBase(before), withBase(after))).toBe(
    `api_base changes: the provider key, which travels along, goes to ${hosts}`,
  );
});

test.each<
  [provider: string, before: Record<string, string>, after: Record<string, string>, said: string]
>([
  [
    "bedrock",
    { aws_region_name: "us-east-1" },
    { aws_region_name: "cn-north-1" },
    "aws_region_name changes: the provider key, which travels along, goes to bedrock-runtime.cn-north-1.amazonaws.com instead of bedrock-runtime.us-east-1.amazonaws.com",
  ],
  [
    "bedrock",
    { aws_region_name: "us-east-1" },
    {},
    "aws_region_name changes: the provider key, which travels along, goes to bedrock-runtime.*.amazonaws.com instead of bedrock-runtime.us-east-1.amazonaws.com",
  ],
  [
    "bedrock",
    { auth_mode: "access_keys", aws_region_name: "cn-north-1" },
    { auth_mode: "api_key", aws_region_name: "cn-north-1" },
    "auth_mode changes: the provider key, which travels along, goes to bedrock-runtime.cn-north-1.amazonaws.com instead of bedrock-runtime.cn-north-1.amazonaws.com.cn",
  ],
  [
    "vertex_ai",
    { vertex_location: "us-east1" },
    { vertex_location: "europe-west4" },
    "vertex_location changes: the provider key, which travels along, goes to europe-west4-aiplatform.googleapis.com instead of us-east1-aiplatform.googleapis.com",
  ],
  [
    "snowflake",
    { account_id: "ours" },
    { account_id: "theirs" },
    "account_id changes: the provider key, which travels along, goes to theirs.snowflakecomputing.com instead of ours.snowflakecomputing.com",
  ],
  [
    "oci",
    { oci_region: "us-ashburn-1", oci_compartment_id: "ocid1.compartment.oc1..a" },
    { oci_region: "us-ashburn-1", oci_compartment_id: "ocid1.compartment.oc9..a" },
    "oci_compartment_id changes: the provider key, which travels along, goes to inference.generativeai.us-ashburn-1.oci.* instead of inference.generativeai.us-ashburn-1.oci.oraclecloud.com",
  ],
  [
    "bedrock",
    { aws_region_name: "us-east-1" },
    { aws_region_name: "evil.example/#" },
    "aws_region_name changes: the provider key, which travels along, goes to evil.example/#, bedrock-runtime.*.amazonaws.com instead of bedrock-runtime.us-east-1.amazonaws.com",
  ],
  [
    "bedrock_mantle",
    { aws_region_name: "us-east-1" },
    { aws_region_name: "us-east-1", aws_sts_endpoint: "https://evil.example" },
    "aws_sts_endpoint changes: the provider key, which travels along, goes to evil.example as well",
  ],
  [
    "gigachat",
    {},
    { gigachat_auth_url: "https://evil.example/oauth" },
    "gigachat_auth_url changes: the provider key, which travels along, goes to evil.example instead of ngw.devices.sberbank.ru",
  ],
  [
    "nobody-knows",
    { base_url: "https://one.example" },
    { base_url: "https://two.example" },
    "base_url changes, and it is not known what nobody-knows does with it: the provider key may go elsewhere",
  ],
])(
  "a change of what a host is made of is of high risk: %s, from %j to %j",
  (provider, before, after, said) => {
    expect(riskOf(provider, before, after)).toBe(said);
  },
);

test.each<[provider: string, before: Record<string, string>, after: Record<string, string>]>([
  ["openai", { organization: "one" }, { organization: "two" }],
  [
    "azure",
    { api_base: "https://a.example", api_version: "1" },
    { api_base: "https://a.example", api_version: "2" },
  ],
  ["vertex_ai", {}, { vertex_location: "us-central1" }],
  ["openai", { api_base: "https://api.openai.com/v1" }, {}],
])(
  "a key that goes where it went is of no high risk: %s, from %j to %j",
  (provider, before, after) => {
    expect(riskOf(provider, before, after)).toBeUndefined();
  },
);

test.each([
  [
    "https://evil.example/v1",
    "model_name changes to an address: the provider key may go to https://evil.example/v1",
  ],
  ["gpt-5", undefined],
])("a model that becomes an address is of high risk: %s", (model_name, said) => {
  const { plan } = planOf(
    [secret(), definition("d", { model_name })],
    [existing(secret()), existing(definition("d"))],
  );
  const [change] = plan.changes;

  expect(change?.action).toBe("update");
  expect(change?.action === "update" ? change.high_risk : "").toBe(said);
});

test("a change of anything else in auth_config is of no high risk", () => {
  const [one, other] = ["api_key", "default_chain"].map((auth_mode) =>
    secret("s", { auth_config: { auth_mode, api_base: "https://x.example" } }),
  );
  const { plan } = planOf(one ? [one] : [], other ? [existing(other)] : []);

  expect(plan.changes).toHaveLength(1);
  expect(plan.changes[0]).not.toHaveProperty("high_risk");
});

/** What is said of a secret whose value is pushed, while the manifest says nothing of its settings. */
function riskOfKept(
  provider: string,
  auth_config: Record<string, string> | undefined,
  { owner, isLeft = false }: { owner?: string | undefined; isLeft?: boolean } = {},
): string | undefined {
  const declared = secret("s", { provider, source_version: "v2" });
  const fields = {
    auth_config,
    source_version: isLeft ? "v1" : undefined,
    ...(isLeft ? {} : { value_from: undefined }),
  };
  const { plan } = planOf([declared], [existing(declared, { owner, fields })]);
  const [change] = plan.changes;
  expect(change?.action).toBe(owner === undefined ? "adopt" : "update");
  return change && "high_risk" in change ? change.high_risk : undefined;
}

const LOST_VALUE =
  "the key that it holds now, and that was not pushed from here, is replaced; nobody can read it back";

test.each<[provider: string, kept: Record<string, string> | undefined, said: string]>([
  [
    "openai",
    { auth_mode: "api_key", api_base: "https://elsewhere.example:8443/v1" },
    "; api_base stays as it is: the provider key goes to elsewhere.example:8443",
  ],
  [
    "bedrock",
    { aws_region_name: "cn-north-1" },
    "; aws_region_name stays as it is: the provider key goes to bedrock-runtime.cn-north-1.amazonaws.com",
  ],
  [
    "snowflake",
    { account_id: "theirs" },
    "; account_id stays as it is: the provider key goes to theirs.snowflakecomputing.com",
  ],
  [
    "gigachat",
    { gigachat_auth_url: "https://a.example/x", api_base: "https://b.example" },
    "; gigachat_auth_url stays as it is: the provider key goes to a.example; api_base stays as it is: the provider key goes to b.example",
  ],
  [
    "bedrock",
    { aws_region_name: "evil.example/#" },
    "; aws_region_name stays as it is: the provider key goes to evil.example/#",
  ],
  [
    "openai",
    { proxy: "https://elsewhere.example" },
    "; proxy stays as it is, and it is not known what openai does with it: the provider key may go elsewhere",
  ],
  ["openai", { auth_mode: "api_key" }, ""],
  ["openai", undefined, ""],
])("an adoption says where the key goes by settings that stay: %s %j", (provider, kept, said) => {
  expect(riskOfKept(provider, kept)).toBe(`${LOST_VALUE}${said}`);
});

test("so does an update of what was written by hand since the last push, and no other", () => {
  const kept = { auth_mode: "api_key", api_base: "https://elsewhere.example/v1" };
  const owner = "search";

  expect(riskOfKept("openai", kept, { owner })).toBe(
    "api_base stays as it is: the provider key goes to elsewhere.example",
  );
  expect(riskOfKept("openai", kept, { owner, isLeft: true })).toBeUndefined();
  expect(riskOfKept("openai", { auth_mode: "api_key" }, { owner })).toBeUndefined();
});

test("a model definition or endpoint with a previous name is renamed in place, and nothing that uses it changes", () => {
  const { plan, issues } = planOf(
    [
      secret("openai-prod"),
      definition("new-d", {}, { previous_name: "gpt-4o" }),
      endpoint(
        "new-e",
        { models: [{ model_definition: "new-d", linkage_type: "PRIMARY" }] },
        { previous_name: "chat" },
      ),
      budget("chat-monthly", { target_value: "new-e" }),
    ],
    everyKind().map((resource) => existing(resource)),
  );

  expect(issues).toEqual([]);
  expect(summary(plan)).toEqual(["update model_definition/new-d", "update endpoint/new-e"]);
  expect(plan.changes).toMatchObject([
    {
      actual: { name: "gpt-4o", id: "id-of-gpt-4o" },
      changed_fields: [{ path: "name", before: "gpt-4o", after: "new-d" }],
    },
    { actual: { name: "chat" }, changed_fields: [{ path: "name" }] },
  ]);
});

test("a rename of what nobody has marked adopts it", () => {
  const { plan } = planOf(
    [endpoint("new", { models: [] }, { previous_name: "old" })],
    [existing(endpoint("old", { models: [] }), { owner: undefined })],
  );

  expect(summary(plan)).toEqual(["adopt endpoint/new"]);
  expect(plan.changes.flatMap(changedPaths)).toEqual(["name"]);
});

test("a rename that was carried out before changes nothing", () => {
  const { plan, issues } = planOf(
    [endpoint("new", { models: [] }, { previous_name: "old" })],
    [existing(endpoint("new", { models: [] }))],
  );

  expect([...plan.changes, ...issues]).toEqual([]);
});

test.each<[string, DesiredResource[], string[], object, string]>([
  [
    "both names exist",
    [endpoint("new", { models: [] }, { previous_name: "old" })],
    ["new", "old"],
    {},
    'names "old", but both exist on the gateway (id-of-new and id-of-old): remove previous_name, or delete one of them',
  ],
  [
    "the old name is declared too",
    [endpoint("new", { models: [] }, { previous_name: "old" }), endpoint("old", { models: [] })],
    ["old"],
    {},
    'names "old", which is still declared itself',
  ],
  [
    "the old name is external",
    [endpoint("new", { models: [] }, { previous_name: "old" })],
    ["old"],
    { declares: { externals: ["endpoint/old"] } },
    'names "old", which is declared as external',
  ],
  [
    "the old one froze",
    [endpoint("new", { models: [] }, { previous_name: "old" })],
    ["old"],
    { knows: known({ frozen: ["endpoint/old"] }) },
    'names "old", which was declared by a file that is now missing, invalid, or silent about it: mend that file first',
  ],
])("a rename is refused when %s", (_, desired, names, setup, message) => {
  const { plan, issues } = planOf(
    desired,
    names.map((name) => existing(endpoint(name, { models: [] }))),
    setup,
  );

  expect(issues).toEqual([
    { rule: "previous-name", key: "endpoint/new", path: ["previous_name"], message },
  ]);
  expect(plan.changes).toEqual([]);
});

test("one resource cannot be renamed to two, and not away from another owner", () => {
  const heir = (name: string) => endpoint(name, { models: [] }, { previous_name: "old" });
  const old = endpoint("old", { models: [] });

  const split = planOf([heir("a"), heir("b")], [existing(old)]);
  const stolen = planOf([heir("a")], [existing(old, { owner: "other" })]);

  expect(split.issues.map(({ key, message }) => `${key} ${message}`)).toEqual([
    'endpoint/a names "old", which cannot become "a" and "b" at once',
    'endpoint/b names "old", which cannot become "a" and "b" at once',
  ]);
  expect(stolen.issues).toMatchObject([{ rule: "ownership", key: "endpoint/a" }]);
});

test("the old name of what is renamed can no longer be referred to", () => {
  const { issues } = planOf(
    [
      endpoint("new", { models: [] }, { previous_name: "old" }),
      budget("b", { target_value: "old" }),
    ],
    [existing(endpoint("old", { models: [] }))],
  );

  expect(issues).toMatchObject([
    {
      key: "budget/b",
      message: 'names the endpoint "old", which is renamed to "new": use that name',
    },
  ]);
});

const RENAMED_SECRET = [
  secret("new", {}, { previous_name: "openai-prod" }),
  definition("gpt-4o", { secret: "new" }),
];

test.each([PRUNE, KEEP])("a secret is renamed by a copy; the old one goes last: %o", (options) => {
  const { plan, issues } = planOf(
    RENAMED_SECRET,
    [existing(secret("openai-prod")), existing(definition("gpt-4o"))],
    { options },
  );

  expect(issues).toEqual([]);
  expect(summary(plan)).toEqual([
    "create secret/new",
    "update model_definition/gpt-4o",
    "delete secret/openai-prod (renamed)",
  ]);
  expect(plan.notices).toEqual([]);
});

test("of a secret of which the copy exists only the delete is left", () => {
  const { plan } = planOf(
    RENAMED_SECRET,
    [
      existing(secret("openai-prod")),
      existing(secret("new")),
      existing(definition("gpt-4o", { secret: "new" })),
    ],
    { options: KEEP },
  );

  expect(summary(plan)).toEqual(["delete secret/openai-prod (renamed)"]);
});

test.each<[string, Resources, object, string]>([
  [
    "nobody has marked it",
    [existing(secret("openai-prod"), { owner: undefined })],
    {},
    "nobody has marked it as theirs",
  ],
  [
    "it is another's",
    [existing(secret("openai-prod"), { owner: "other" })],
    {},
    'it belongs to the owner "other"',
  ],
  [
    "others use it",
    [
      existing(secret("openai-prod")),
      existing(definition("theirs"), { owner: "other" }),
      existing(definition("nobodys"), { owner: undefined }),
    ],
    {},
    "it is still used by model_definition/nobodys, model_definition/theirs",
  ],
  [
    "it is protected",
    [existing(secret("openai-prod"))],
    { knows: known({ protected: ["secret/openai-prod"] }) },
    "it is protected",
  ],
  [
    "prune is suspended",
    [existing(secret("openai-prod"))],
    { options: { prune: false, pruneSuspended: "b.yaml is invalid" } },
    "prune is suspended",
  ],
  [
    "the new one is blocked",
    [existing(secret("openai-prod")), existing(secret("new"), { unknown_values: ["x"] })],
    {},
    "the new one is blocked or rejected",
  ],
  [
    "what uses it is blocked",
    [existing(secret("openai-prod")), existing(definition("gpt-4o"), { unknown_values: ["x"] })],
    {},
    "it is still used by model_definition/gpt-4o",
  ],
])("the old one of a renamed secret stays, with a notice, when %s", (_, actual, setup, reason) => {
  const { plan, issues } = planOf(RENAMED_SECRET, actual, setup);

  expect(issues).toEqual([]);
  expect(summary(plan).filter((line) => line.startsWith("delete"))).toEqual([]);
  expect(messages(plan)).toContain(
    `not-pruned secret/openai-prod is renamed to "new", but the old one is not deleted: ${reason}`,
  );
});

test("the old one of a renamed secret stays when its file froze", () => {
  const { plan } = planOf(RENAMED_SECRET, [existing(secret("openai-prod"))], {
    knows: known({ frozen: ["secret/openai-prod"] }),
  });

  expect(summary(plan)).toEqual(["create secret/new", "create model_definition/gpt-4o"]);
});

test("what waits for something blocked goes on using the old one of a renamed secret", () => {
  const { plan } = planOf(
    [
      secret("new", {}, { previous_name: "openai-prod" }),
      secret("puzzling"),
      definition("gpt-4o", { secret: "puzzling" }),
    ],
    [
      existing(secret("openai-prod")),
      existing(secret("puzzling"), { unknown_values: ["x"] }),
      existing(definition("gpt-4o")),
    ],
  );

  expect(plan.blocked.map(({ key }) => key)).toEqual(["secret/puzzling"]);
  expect(summary(plan)).toEqual(["create secret/new", "update model_definition/gpt-4o"]);
});

test("what is no longer declared is deleted, users before what they use", () => {
  const guarded = endpoint("z", {
    guardrails: [{ ...aGuardrail(), action_endpoint: "b" }],
  });
  const { plan } = planOf(
    [],
    [...everyKind(), endpoint("b"), guarded].map((resource) => existing(resource)),
  );

  expect(summary(plan)).toEqual([
    "delete budget/chat-monthly (pruned)",
    "delete endpoint/z (pruned)",
    "delete endpoint/b (pruned)",
    "delete endpoint/chat (pruned)",
    "delete model_definition/gpt-4o (pruned)",
    "delete secret/openai-prod (pruned)",
  ]);
});

test("creates come before deletes", () => {
  const { plan } = planOf([secret("z")], [existing(secret("a"))]);

  expect(summary(plan)).toEqual(["create secret/z", "delete secret/a (pruned)"]);
});

test.each<[string, Resources[number], object]>([
  ["what another owner has", existing(secret("a"), { owner: "other" }), {}],
  ["what nobody has marked", existing(secret("a"), { owner: undefined }), {}],
  ["a kind out of scope", existing(secret("a")), { declares: { in_scope: ["endpoint"] } }],
  ["what is external", existing(secret("a")), { declares: { externals: ["secret/a"] } }],
])("%s is not deleted, and no notice is made of it", (_, resource, setup) => {
  const { plan } = planOf([], [resource], setup);

  expect([...plan.changes, ...plan.notices]).toEqual([]);
});

test("what is not pruned is noted: with prune off, suspended, or protected", () => {
  const actual = [existing(secret("a"))];
  const knows = known({ protected: ["secret/a"] });
  const off = planOf([], actual, { options: KEEP });
  const suspended = planOf([], actual, {
    options: { prune: true, pruneSuspended: "b.yaml is invalid" },
  });
  const isProtected = planOf([], actual, { knows });
  const protectedOff = planOf([], actual, { knows, options: KEEP });

  for (const { plan } of [off, suspended, isProtected, protectedOff]) {
    expect(plan.changes).toEqual([]);
  }
  expect(messages(off.plan)).toEqual([
    "not-pruned secret/a is no longer declared: prune would delete it",
  ]);
  expect(messages(suspended.plan)).toEqual([
    "prune-suspended - nothing is deleted for now: b.yaml is invalid",
    "not-pruned secret/a is no longer declared; it stays while prune is suspended",
  ]);
  expect(messages(isProtected.plan)).toEqual([
    "protected secret/a is no longer declared, but protected: it is not deleted",
  ]);
  expect(messages(protectedOff.plan)).toEqual([
    "not-pruned secret/a is no longer declared, and protected: prune would delete it",
  ]);
});

test("what froze stays as it is, with a notice as long as it exists", () => {
  const { plan } = planOf([], [existing(secret("a"))], {
    knows: known({ frozen: ["secret/a", "secret/gone"] }),
  });

  expect(plan.changes).toEqual([]);
  expect(messages(plan)).toEqual([
    "frozen secret/a stays as it is: no file that is valid speaks of it now",
  ]);
});

test("what froze is changed all the same where a valid file declares it", () => {
  const { plan } = planOf(
    [secret("a", { source_version: "2" })],
    [existing(secret("a", { source_version: "1" }))],
    { knows: known({ frozen: ["secret/a"] }) },
  );

  expect(summary(plan)).toEqual(["update secret/a"]);
  expect(plan.notices).toEqual([]);
});

test("kinds that no manifest speaks of are named as out of scope", () => {
  const { plan } = planOf([], [], { declares: { in_scope: ["endpoint", "secret"] } });

  expect(plan.out_of_scope).toEqual(["model_definition", "budget"]);
});

test("a declared resource with values that nobody knows is blocked; others get a notice", () => {
  const unknown_values = ['linkage_type "MIRROR"'];
  const { plan, issues } = planOf(
    [secret("a", { source_version: "2" })],
    [
      existing(secret("a", { source_version: "1" }), { unknown_values }),
      existing(secret("b"), { owner: "other", unknown_values }),
      existing(secret("c"), { owner: "other", unknown_values: [] }),
    ],
  );

  const message =
    'holds values that this version does not know (linkage_type "MIRROR"): it can neither compare nor write them';
  expect(issues).toEqual([]);
  expect(plan.changes).toEqual([]);
  expect(plan.blocked).toEqual([{ key: "secret/a", message }]);
  expect(plan.notices).toEqual([{ code: "unknown-value", key: "secret/b", message }]);
});

const GLOBAL = { target_scope: "GLOBAL", target_value: undefined } as const;

test("an unmarked policy that equals a budget but for its amount is adopted", () => {
  const { plan, issues } = planOf(
    [budget("all", GLOBAL)],
    [
      unmarkedPolicy("bp-1", { ...GLOBAL, budget_amount: 1 }),
      unmarkedPolicy("bp-2", { ...GLOBAL, budget_action: "REJECT" }),
    ],
  );

  expect(issues).toEqual([]);
  expect(summary(plan)).toEqual(["adopt budget/all"]);
  expect(plan.changes).toMatchObject([{ actual: { id: "bp-1" } }]);
  expect(plan.changes.flatMap(changedPaths)).toEqual(["budget_amount"]);
});

test.each([
  { target_scope: "WORKSPACE" },
  { target_scope: "USER", target_value: "somebody" },
  { duration: { unit: "MONTHS", value: 2 } },
  { duration: { unit: "WEEKS", value: 1 } },
  { budget_action: "REJECT" },
] as const)("a policy that differs in more than the amount is not adopted: %o", (fields) => {
  const { plan } = planOf(
    [budget("all", GLOBAL)],
    [unmarkedPolicy("bp-1", { ...GLOBAL, ...fields })],
  );

  expect(summary(plan)).toEqual(["create budget/all"]);
});

test("a policy of an endpoint that is renamed is adopted under the new name", () => {
  const { plan } = planOf(
    [
      endpoint("new", { models: [] }, { previous_name: "chat" }),
      budget("b", { target_value: "new" }),
    ],
    [existing(endpoint("chat", { models: [] })), unmarkedPolicy("bp-1")],
  );

  expect(summary(plan)).toEqual(["update endpoint/new", "adopt budget/b"]);
});

test("a policy that adopt names is taken over, whatever it is, and no longer equals another budget", () => {
  const { plan, issues } = planOf(
    [
      budget("all", { ...GLOBAL, budget_action: "REJECT" }, { adopt: "bp-2" }),
      budget("other", GLOBAL),
    ],
    [unmarkedPolicy("bp-1", GLOBAL), unmarkedPolicy("bp-2", GLOBAL)],
  );

  expect(issues).toEqual([]);
  expect(plan.changes).toMatchObject([
    { action: "adopt", desired: { name: "all" }, actual: { id: "bp-2" } },
    { action: "adopt", desired: { name: "other" }, actual: { id: "bp-1" } },
  ]);
});

test.each([
  { declares: { externals: ["budget/bp-1" as const] }, declared: [] },
  { declares: {}, declared: [budget("bp-1", GLOBAL)] },
])("a policy that is spoken of by its id is not adopted by another budget: %j", (setup) => {
  const { plan } = planOf(
    [budget("all", GLOBAL), ...setup.declared],
    [unmarkedPolicy("bp-1", GLOBAL)],
    setup,
  );

  expect(summary(plan)).toContain("create budget/all");
});

test("a budget that is its adopted policy already stays so", () => {
  const { plan, issues } = planOf(
    [budget("all", GLOBAL, { adopt: "bp-1" })],
    [existing(budget("all", GLOBAL), { id: "bp-1" })],
  );

  expect([...plan.changes, ...issues]).toEqual([]);
});

test.each<[string, DesiredResource[], Resources, string[]]>([
  [
    "two policies equal it",
    [budget("all", GLOBAL)],
    [unmarkedPolicy("bp-2", GLOBAL), unmarkedPolicy("bp-1", GLOBAL)],
    [
      "budget/all  equals several policies that nobody has marked (bp-1, bp-2): name one of them with adopt",
    ],
  ],
  [
    "two budgets equal one policy",
    [budget("b", GLOBAL), budget("a", { ...GLOBAL, budget_amount: 1 })],
    [unmarkedPolicy("bp-1", GLOBAL)],
    [
      'budget/a  equals the unmarked policy bp-1, as do all of "a" and "b": say with adopt which of them it is',
      'budget/b  equals the unmarked policy bp-1, as do all of "a" and "b": say with adopt which of them it is',
    ],
  ],
  [
    "the named policy does not exist",
    [budget("all", GLOBAL, { adopt: "bp-1" })],
    [],
    ["budget/all adopt names bp-1, which is no budget policy on the gateway"],
  ],
  [
    "the named policy is marked",
    [budget("all", GLOBAL, { adopt: "bp-1" }), budget("mine", GLOBAL)],
    [existing(budget("mine", GLOBAL), { id: "bp-1" })],
    ['budget/all adopt names bp-1, which already is the budget "mine" of the owner "search"'],
  ],
  [
    "it is another policy already",
    [budget("all", GLOBAL, { adopt: "bp-1" })],
    [existing(budget("all", GLOBAL), { id: "bp-2" }), unmarkedPolicy("bp-1", GLOBAL)],
    ["budget/all adopt names bp-1, but this budget already is the policy bp-2"],
  ],
  [
    "two budgets name one policy",
    [budget("a", GLOBAL, { adopt: "bp-1" }), budget("b", GLOBAL, { adopt: "bp-1" })],
    [unmarkedPolicy("bp-1", GLOBAL)],
    ["budget/b adopt names bp-1, which another budget takes over too"],
  ],
])("a budget is refused when %s", (_, desired, actual, expected) => {
  const { plan, issues } = planOf(desired, actual, { options: KEEP });

  expect(issues.map(({ key, path, message }) => `${key} ${path.join(".")} ${message}`)).toEqual(
    expected,
  );
  expect(issues.every(({ rule }) => rule === "budget-adoption")).toBe(true);
  const refused = new Set(issues.map(({ key }) => key));
  expect(
    plan.changes.filter(
      (change) => change.action !== "delete" && refused.has(keyOf(change.desired)),
    ),
  ).toEqual([]);
});

test("a budget that is there twice is refused, naming both, whichever is listed first", () => {
  const twice = ["bp-2", "bp-1"].map((id) => existing(budget("all", GLOBAL), { id }));

  for (const actual of [twice, twice.toReversed()]) {
    const { issues } = planOf([budget("all", GLOBAL)], actual);

    expect(issues).toEqual([
      {
        rule: "duplicate-budget",
        key: "budget/all",
        path: [],
        message: "is on the gateway more than once (bp-1, bp-2): delete all but one",
      },
    ]);
  }
});

test("of budgets with one name only the owner's own counts, and only its own goes", () => {
  const both = [
    existing(budget("all", GLOBAL), { id: "bp-1", owner: "other" }),
    existing(budget("all", { ...GLOBAL, budget_amount: 1 }), { id: "bp-2" }),
  ];
  const knows = known({ owned: ["budget/all"] });

  const declared = planOf([budget("all", GLOBAL)], both, { knows });
  const undeclared = planOf([secret("s")], both, { knows });
  const theirs = planOf([secret("s")], both.slice(0, 1), { knows });

  expect(declared.issues).toEqual([]);
  expect(declared.plan.changes).toMatchObject([{ action: "update", actual: { id: "bp-2" } }]);
  expect(undeclared.plan.changes).toMatchObject([{}, { action: "delete", actual: { id: "bp-2" } }]);
  expect(summary(theirs.plan)).toEqual(["create secret/s"]);
});

test("a budget that is there twice and no longer declared is left to people", () => {
  const { plan } = planOf(
    [],
    ["bp-2", "bp-1"].map((id) => existing(budget("all", GLOBAL), { id })),
  );

  expect(plan.changes).toEqual([]);
  expect(messages(plan)).toEqual([
    "not-pruned budget/all is on the gateway more than once (bp-1, bp-2): delete it by hand",
  ]);
});

function guardrailOf() {
  return {
    name: "pii",
    scorer: { experiment: "judges", name: "pii" },
    stage: "BEFORE",
    action: "VALIDATION",
  } as const;
}

const SCORERS = {
  scorers: new Map([[JSON.stringify(["judges", "pii"]), { scorer_id: "a787207c", version: 2 }]]),
};

test.each<[string, object, object]>([
  ["exists once", { name: "pii" }, { guardrails: [aGuardrail()] }],
  [
    "exists once so",
    { name: "pii", stage: "AFTER" },
    { guardrails: [aGuardrail(), aGuardrail({ id: "gr-2", stage: "AFTER" })] },
  ],
  ["is to be made of a scorer", guardrailOf(), SCORERS],
  [
    "is to be made of an older version",
    { ...guardrailOf(), scorer: { ...guardrailOf().scorer, version: 1 } },
    SCORERS,
  ],
  [
    "exists twice in the same way",
    guardrailOf(),
    { guardrails: [aGuardrail(), aGuardrail({ id: "gr-2" })] },
  ],
])("a guardrail that %s is put on its endpoint", (_, guardrail, reports) => {
  const { plan, issues } = planOf(
    [endpoint("chat", { models: [], guardrails: [guardrail as never] })],
    [existing(endpoint("chat", { models: [] }))],
    { reports },
  );

  expect(issues).toEqual([]);
  expect(plan.changes.flatMap(changedPaths)).toEqual(["guardrails[0]"]);
});

test("a guardrail that is on its endpoint needs no second look", () => {
  const { plan, issues } = planOf(
    [endpoint("chat", { models: [], guardrails: [{ name: "pii" }] })],
    [existing(endpoint("chat", { models: [], guardrails: [aGuardrail()] }))],
    { reports: { guardrails: [aGuardrail(), aGuardrail({ id: "gr-2" })] } },
  );

  expect([...plan.changes, ...issues]).toEqual([]);
});

test.each<[string, object, object, object]>([
  [
    "does not exist",
    { name: "pii" },
    {},
    {
      rule: "known-references",
      path: ["guardrails", 0],
      message:
        'names the guardrail "pii", which does not exist: state its scorer, stage and action to have it made',
    },
  ],
  [
    "exists otherwise only",
    { name: "pii", stage: "AFTER" },
    { guardrails: [aGuardrail()] },
    {
      rule: "known-references",
      path: ["guardrails", 0],
      message:
        'names the guardrail "pii", which exists with another stage, action or action_endpoint only: state its scorer to have one made',
    },
  ],
  [
    "exists several times",
    { name: "pii" },
    { guardrails: [aGuardrail({ id: "gr-2" }), aGuardrail()] },
    {
      rule: "known-references",
      path: ["guardrails", 0],
      message:
        'names the guardrail "pii", of which there are several (gr-1, gr-2): state its scorer, stage and action',
    },
  ],
  [
    "has no scorer",
    guardrailOf(),
    {},
    {
      rule: "known-scorers",
      path: ["guardrails", 0, "scorer"],
      message: 'names the scorer "pii" of the experiment "judges", which is not registered',
    },
  ],
  [
    "wants a version that is not there yet",
    { ...guardrailOf(), scorer: { ...guardrailOf().scorer, version: 3 } },
    SCORERS,
    {
      rule: "known-scorers",
      path: ["guardrails", 0, "scorer", "version"],
      message: 'names version 3 of the scorer "pii", whose newest is 2',
    },
  ],
  [
    "cannot be made of what is stated",
    { ...guardrailOf(), stage: undefined },
    SCORERS,
    {
      rule: "known-references",
      path: ["guardrails", 0],
      message: 'must state stage and action: the guardrail "pii" does not exist and is to be made',
    },
  ],
])("a guardrail that %s is refused", (_, guardrail, reports, expected) => {
  const { plan, issues } = planOf(
    [endpoint("chat", { models: [], guardrails: [guardrail as never] })],
    [],
    { reports },
  );

  expect(issues).toEqual([{ key: "endpoint/chat", ...expected }]);
  expect(plan.changes).toEqual([]);
});

test("a renamed endpoint goes on rewriting the text of another", () => {
  const guarded = (action_endpoint: string) =>
    endpoint("chat", { models: [], guardrails: [{ ...aGuardrail(), action_endpoint }] });
  const { plan } = planOf(
    [guarded("new"), endpoint("new", { models: [] }, { previous_name: "old" })],
    [existing(guarded("old")), existing(endpoint("old", { models: [] }))],
  );

  expect(summary(plan)).toEqual(["update endpoint/new"]);
});

test("what was renamed by hand is recognised by its id, and called by its name again", () => {
  const knows = known({ owned: ["endpoint/chat", "model_definition/gpt-4o"] });
  const { plan, issues } = planOf(
    [secret("openai-prod"), definition("gpt-4o"), endpoint("chat"), budget("chat-monthly")],
    [
      existing(secret("openai-prod")),
      existing(definition("gpt-4o-x"), { id: "id-of-gpt-4o" }),
      existing(
        endpoint("chat-ui", {
          models: [{ model_definition: "gpt-4o-x", linkage_type: "PRIMARY" }],
        }),
        { id: "id-of-chat" },
      ),
      existing(budget("chat-monthly", { target_value: "chat-ui" })),
    ],
    { knows },
  );

  expect(issues).toEqual([]);
  expect(plan.changes).toMatchObject([
    {
      action: "update",
      actual: { id: "id-of-gpt-4o" },
      changed_fields: [
        { path: "name", before: "gpt-4o-x", after: "gpt-4o", remark: "renamed by hand" },
      ],
    },
    {
      action: "update",
      actual: { id: "id-of-chat" },
      changed_fields: [
        { path: "name", before: "chat-ui", after: "chat", remark: "renamed by hand" },
      ],
    },
  ]);
  expect(plan.notices).toEqual([]);
});

test.each([undefined, "chat"])(
  "a rename by hand that the manifest follows is kept (previous_name: %s)",
  (previous_name) => {
    const { plan, issues } = planOf(
      [endpoint("talk", { models: [] }, { previous_name })],
      [existing(endpoint("talk", { models: [] }), { id: "id-of-chat" })],
      { knows: known({ owned: ["endpoint/chat"] }) },
    );

    expect([...issues, ...plan.changes, ...plan.notices]).toEqual([]);
  },
);

test("a rename that the manifest asks for starts from where a hand has left it", () => {
  const { plan } = planOf(
    [endpoint("talk", { models: [] }, { previous_name: "chat" })],
    [existing(endpoint("chat-ui", { models: [] }), { id: "id-of-chat" })],
    { knows: known({ owned: ["endpoint/chat"] }) },
  );

  expect(plan.changes).toMatchObject([
    { action: "update", changed_fields: [{ path: "name", before: "chat-ui", after: "talk" }] },
  ]);
});

test("where id and name lead to two resources nothing is written, and both are named", () => {
  const { plan, issues } = planOf(
    [endpoint("chat", { models: [] })],
    [
      existing(endpoint("chat-old", { models: [] }), { id: "id-of-chat" }),
      existing(endpoint("chat", { models: [] }), { id: "e-9", owner: undefined }),
    ],
    { knows: known({ owned: ["endpoint/chat"] }) },
  );

  expect(plan.changes).toEqual([]);
  expect(issues).toEqual([
    {
      rule: "identity-clash",
      key: "endpoint/chat",
      path: [],
      message:
        'is the endpoint id-of-chat, which was renamed by hand to "chat-old", while e-9 is called "chat" by now: rename or delete one of them by hand, so that only one can be meant',
    },
  ]);
});

test("two that swapped their names by hand are left to people", () => {
  const { plan, issues } = planOf(
    [endpoint("a", { models: [] }), endpoint("b", { models: [] })],
    [
      existing(endpoint("b", { models: [] }), { id: "id-of-a" }),
      existing(endpoint("a", { models: [] }), { id: "id-of-b" }),
    ],
    { knows: known({ owned: ["endpoint/a", "endpoint/b"] }) },
  );

  expect(plan.changes).toEqual([]);
  expect(issues.map(({ rule, key }) => `${rule} ${key}`)).toEqual([
    "identity-clash endpoint/a",
    "identity-clash endpoint/b",
  ]);
});

test("a declared name that something else of ours was given by hand is not made anew", () => {
  const { issues } = planOf(
    [endpoint("chat", { models: [] }), endpoint("talk", { models: [] })],
    [existing(endpoint("talk", { models: [] }), { id: "id-of-chat" })],
    { knows: known({ owned: ["endpoint/chat"] }) },
  );

  expect(issues).toMatchObject([
    {
      rule: "identity-clash",
      key: "endpoint/talk",
      message: expect.stringContaining(
        'has the name of the endpoint id-of-chat, which is known as "chat"',
      ),
    },
  ]);
});

test("what was made by hand under the name of what is gone is adopted when declared, else left", () => {
  const knows = known({ owned: ["secret/openai-prod"] });
  const theirs = existing(secret("openai-prod"), { id: "s-9", owner: undefined });
  const declared = planOf([secret("openai-prod")], [theirs], { knows }).plan;
  const undeclared = planOf([secret("other")], [theirs], { knows }).plan;

  expect(summary(declared)).toEqual(["adopt secret/openai-prod"]);
  expect(messages(declared)).toEqual([
    "replaced secret/openai-prod was replaced by hand: id-of-openai-prod is gone, and s-9 has its name",
  ]);
  expect(summary(undeclared)).toEqual(["create secret/other"]);
  expect(messages(undeclared)).toEqual([
    "replaced secret/openai-prod was replaced by hand: id-of-openai-prod is gone, and s-9 has its name; that one is not this owner's and stays",
  ]);
});

test("a mark alone makes nothing deletable: it may be a lost ledger's, or somebody's copy", () => {
  const state = desiredState([secret("openai-prod")]);
  const actual = actualState([existing(secret("openai-prod")), existing(secret("copy"))]);
  const { plan } = planChanges(state, actual, NOTHING_KNOWN, PRUNE);

  expect(plan.changes).toEqual([]);
  expect(messages(plan)).toEqual([
    "not-pruned secret/copy carries the mark of this owner, but no earlier run is known to have left it: it is not deleted",
  ]);
});

test("what froze or is protected stays so under the name that a hand gave it", () => {
  const renamed = existing(endpoint("chat-ui", { models: [] }), { id: "id-of-chat" });
  const frozen = known({ owned: ["endpoint/chat"], frozen: ["endpoint/chat"] });
  const kept = known({ owned: ["endpoint/chat"], protected: ["endpoint/chat"] });

  expect(planOf([], [renamed], { knows: frozen }).plan.changes).toEqual([]);
  expect(planOf([], [renamed], { knows: kept }).plan.changes).toEqual([]);
  expect(
    summary(planOf([], [renamed], { knows: known({ owned: ["endpoint/chat"] }) }).plan),
  ).toEqual(["delete endpoint/chat-ui (pruned)"]);
});

test("what the ledger knows as another owner's is refused whatever its mark says", () => {
  const theirs = existing(endpoint("chat", { models: [] }), { owner: undefined });
  const knows = { ...NOTHING_KNOWN, others: new Map([[identityOf(theirs), "ads"]]) };
  const { issues, plan } = planOf([endpoint("chat", { models: [] })], [theirs], { knows });

  expect(plan.changes).toEqual([]);
  expect(issues).toMatchObject([{ rule: "ownership", key: "endpoint/chat" }]);
});

test("the name that a hand gave to one of ours does not make it another one of ours", () => {
  const { plan, issues } = planOf(
    [endpoint("chat", { models: [] })],
    [
      existing(endpoint("aside", { models: [] }), { id: "id-of-chat" }),
      existing(endpoint("chat", { models: [] }), { id: "id-of-a" }),
    ],
    { knows: known({ owned: ["endpoint/chat", "endpoint/a"] }) },
  );

  expect(plan.changes).toEqual([]);
  expect(issues).toMatchObject([{ rule: "identity-clash", key: "endpoint/chat" }]);
});

test.each<[string, boolean | undefined, boolean, string | undefined]>([
  [
    "is set",
    true,
    false,
    "newly-protected endpoint/chat was not protected, and is declared so now: from this plan on no plan deletes it",
  ],
  ["stays", true, true, undefined],
  [
    "is left out",
    undefined,
    true,
    "unprotected endpoint/chat was protected, and is not declared so any more: this plan ends its protection; protected: true keeps it",
  ],
  [
    "is taken away",
    false,
    true,
    "unprotected endpoint/chat was protected, and is not declared so any more: this plan ends its protection; protected: true keeps it",
  ],
  ["was never stated", undefined, false, undefined],
])("a plan says when protection %s", (_, declared, was, said) => {
  const chat = endpoint("chat", { models: [] });
  const { plan } = planOf(
    [{ ...chat, ...(declared === undefined ? {} : { protected: declared }) }],
    [existing(chat)],
    { knows: known({ protected: was ? ["endpoint/chat"] : [] }) },
  );

  expect(plan.changes).toEqual([]);
  expect(messages(plan)).toEqual(said === undefined ? [] : [said]);
});

test.each<[true | "changes", string]>([
  [true, "is made as protected: from this plan on no plan deletes it"],
  [
    "changes",
    "is made as protected: from this plan on no plan deletes it, nor changes it without a second word",
  ],
])(
  "what is made with protected: %s is said to be protected, and not that it was not",
  (is, said) => {
    const { plan } = planOf([endpoint("chat", { models: [] }, { protected: is })], []);

    expect(messages(plan)).toEqual([`newly-protected endpoint/chat ${said}`]);
  },
);

test.each<[true | false | undefined, string]>([
  [
    true,
    "was protected from changes, and is declared as protected from deletes alone; protected: changes keeps it",
  ],
  [
    false,
    "was protected from changes, and is not declared so any more: this plan ends its protection; protected: changes keeps it",
  ],
  [
    undefined,
    "was protected from changes, and is not declared so any more: this plan ends its protection; protected: changes keeps it",
  ],
])("of protected: changes that becomes %s the plan says what would keep it", (is, said) => {
  const chat = endpoint("chat", { models: [] });
  const { plan } = planOf(
    [{ ...chat, ...(is === undefined ? {} : { protected: is }) }],
    [existing(chat)],
    {
      knows: {
        ...known({ protected: ["endpoint/chat"] }),
        protectedFromChanges: new Set<ResourceKey>(["endpoint/chat"]),
      },
    },
  );

  expect(messages(plan)).toEqual([`unprotected endpoint/chat ${said}`]);
});
