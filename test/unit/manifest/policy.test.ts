import { expect, test } from "@jest/globals";
import { type Access, accessUnder } from "#manifest/access.ts";
import { formatIssue } from "#manifest/errors.ts";
import { parsePolicy } from "#manifest/policy.ts";
import type { OwnerGrants } from "#manifest/policy-schema.ts";
import type { Manifest } from "#manifest/types.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
  everyGrant,
} from "../../support/builders.ts";
import { checkTexts, issuesOf, linesOf, yaml } from "../../support/issues.ts";

function granted(grants: OwnerGrants): Access {
  return accessUnder({ version: 2, owners: { search: grants } }, "search");
}

async function deniedOf(grants: OwnerGrants, changes: Partial<Manifest> = {}): Promise<string[]> {
  const text = JSON.stringify(aManifest(changes), null, 2);
  const lines = await issuesOf(text, { access: granted(grants) });
  expect(lines.every((line) => line.endsWith("(policy)"))).toBe(true);
  return lines.map((line) => line.replace(/^[^ ]* /, "").replace(" (policy)", ""));
}

function based(api_base: string): Partial<Manifest> {
  return { secrets: [aSecret({ auth_config: { api_base } })] };
}

const JUDGED = anEndpoint({
  guardrails: [
    {
      name: "pii",
      scorer: { experiment: "team-b/private", name: "judge" },
      stage: "BEFORE",
      action: "VALIDATION",
    },
  ],
});

test.each<[string, OwnerGrants, Partial<Manifest>, readonly string[]]>([
  [
    "kinds",
    { kinds: ["endpoint", "budget"] },
    {},
    [
      "secrets are not granted to this owner; granted are endpoints, budgets",
      "model_definitions are not granted to this owner; granted are endpoints, budgets",
    ],
  ],
  [
    "names",
    { names: ["chat*", "gpt-*", "openai-prod"] },
    { endpoints: [anEndpoint(), anEndpoint({ name: "talk" })] },
    [
      'endpoints[1].name is not granted to this owner; granted is chat*, gpt-*, openai-prod, got "talk"',
    ],
  ],
  [
    "former names",
    { names: ["chat*", "gpt-*", "openai-prod"] },
    { endpoints: [anEndpoint({ previous_name: "talk" })] },
    [
      'endpoints[0].previous_name is not granted to this owner; granted is chat*, gpt-*, openai-prod, got "talk"',
    ],
  ],
  [
    "AWS secrets",
    { secrets: ["prod/search/*"] },
    {},
    [
      'secrets[0].value_from.secrets_manager is not granted to this owner; granted is prod/search/*, got "prod/openai"',
    ],
  ],
  [
    "hosts",
    { hosts: ["*.openai.azure.com"] },
    based("https://openai.azure.com.example.com/v1"),
    [
      'secrets[0].auth_config.api_base is not granted to this owner; granted is *.openai.azure.com, got "openai.azure.com.example.com"',
    ],
  ],
  [
    "keys of a value that are not known",
    { hosts: ["*"] },
    {
      secrets: [
        aSecret({
          value_from: { secrets_manager: "prod/openai", keys: { api_key: "A", ssl_verify: "B" } },
        }),
      ],
    },
    [
      'secrets[0].value_from.keys.ssl_verify is not granted to this owner; granted is api_key, got "ssl_verify", of which it is not known what openai does with it',
    ],
  ],
  [
    "settings that are not known",
    { hosts: ["*"] },
    { secrets: [aSecret({ auth_config: { proxy: "https://example.com" } })] },
    [
      'secrets[0].auth_config.proxy is not granted to this owner; granted is auth_mode, api_base, api_type, api_version, deployment_name, organization, got "proxy", of which it is not known what openai does with it',
    ],
  ],
  [
    "hosts that a setting becomes a part of",
    { hosts: ["bedrock-runtime.eu-*.amazonaws.com"] },
    {
      secrets: [
        aSecret({
          provider: "bedrock",
          auth_config: {
            auth_mode: "iam_role",
            aws_role_name: "arn:aws:iam::111122223333:role/x",
            aws_region_name: "us-east-1",
          },
        }),
      ],
    },
    [
      'secrets[0].auth_config.aws_region_name is not granted to this owner; granted is bedrock-runtime.eu-*.amazonaws.com, got "bedrock-runtime.us-east-1.amazonaws.com"',
    ],
  ],
  [
    "hosts of the provider itself",
    { hosts: ["*.anthropic.com"] },
    {},
    [
      'secrets[0].provider is not granted to this owner; granted is *.anthropic.com, got "openai", which is called at "api.openai.com"',
    ],
  ],
  ...[
    ["https://evil.example/v1", "evil.example"],
    ["HTTPS://Evil.example:8443/models/x", "evil.example"],
    ["openai/https://evil.example/v1", "*"],
    ["https://api.openai.com@evil.example/", "*"],
    ["https:\\\\evil.example", "*"],
    ["//evil.example/v1", "*"],
  ].map(([model_name = "", host]): [string, OwnerGrants, Partial<Manifest>, readonly string[]] => [
    `the model ${model_name} of a secret of others`,
    { hosts: ["api.openai.com"], externals: ["handmade"] },
    {
      secrets: [{ name: "handmade", external: true }],
      model_definitions: [
        { name: "gpt-4o", secret: "handmade", provider: "huggingface", model_name },
      ],
    },
    [
      `model_definitions[0].model_name is not granted to this owner; granted is api.openai.com, got "${host}"`,
    ],
  ]),
  [
    "scopes and amounts",
    { budgets: { scopes: ["USER", "ENDPOINT"], amount_max: 100 } },
    {
      budgets: [
        aBudget(),
        aBudget({ name: "b", target_scope: "GLOBAL", target_value: undefined, budget_amount: 100 }),
      ],
    },
    [
      "budgets[0].budget_amount is not granted to this owner; granted is at most 100, got 500",
      'budgets[1].target_scope is not granted to this owner; granted is USER, ENDPOINT, got "GLOBAL"',
    ],
  ],
  [
    "users",
    { budgets: { scopes: ["USER"], amount_max: 500, users: ["search-*"] } },
    { budgets: [aBudget({ target_scope: "USER", target_value: "ada" })] },
    ['budgets[0].target_value is not granted to this owner; granted is search-*, got "ada"'],
  ],
  [
    "endpoints of others as the target of a budget",
    {
      names: ["chat-monthly"],
      externals: ["*"],
      budgets: { scopes: ["ENDPOINT"], amount_max: 500 },
    },
    { secrets: [], model_definitions: [], endpoints: [{ name: "chat", external: true }] },
    ['budgets[0].target_value is not granted to this owner; granted is nothing, got "chat"'],
  ],
  [
    "workspaces",
    { workspaces: ["team-a"] },
    { workspace: "team-b", budgets: [] },
    ['workspace is not granted to this owner; granted is team-a, got "team-b"'],
  ],
  [
    "the default workspace, when others are granted",
    { workspaces: ["team-a"] },
    {},
    ['workspace is not granted to this owner; granted is team-a, got "default"'],
  ],
  [
    "experiments",
    { experiments: ["search/*"] },
    { endpoints: [anEndpoint({ experiment: "team-b/private" })] },
    [
      'endpoints[0].experiment is not granted to this owner; granted is search/*, got "team-b/private"',
    ],
  ],
  [
    "experiments of scorers",
    { experiments: ["search/*"] },
    { endpoints: [JUDGED] },
    [
      'endpoints[0].guardrails[0].scorer.experiment is not granted to this owner; granted is search/*, got "team-b/private"',
    ],
  ],
  [
    "externals",
    { names: ["gpt-*", "chat*"], externals: ["shared-*"] },
    {
      secrets: [{ name: "handmade", external: true }],
      model_definitions: [
        { name: "gpt-4o", secret: "handmade", provider: "openai", model_name: "gpt-4o" },
      ],
    },
    ['secrets[0].name is not granted to this owner; granted is shared-*, got "handmade"'],
  ],
])("%s beyond the grant are refused with what is granted", async (_, grants, changes, expected) => {
  expect(await deniedOf(everyGrant(grants), changes)).toEqual(expected);
});

test("what is left out grants nothing, but for the default workspace", async () => {
  expect(await deniedOf({})).toEqual([
    "secrets are not granted to this owner; granted are nothing",
    'secrets[0].name is not granted to this owner; granted is nothing, got "openai-prod"',
    'secrets[0].provider is not granted to this owner; granted is nothing, got "openai", which is called at "api.openai.com"',
    'secrets[0].value_from.secrets_manager is not granted to this owner; granted is nothing, got "prod/openai"',
    "model_definitions are not granted to this owner; granted are nothing",
    'model_definitions[0].name is not granted to this owner; granted is nothing, got "gpt-4o"',
    "endpoints are not granted to this owner; granted are nothing",
    'endpoints[0].name is not granted to this owner; granted is nothing, got "chat"',
    "budgets are not granted to this owner; granted are nothing",
    'budgets[0].name is not granted to this owner; granted is nothing, got "chat-monthly"',
    "budgets[0].budget_amount is not granted to this owner; granted is nothing, got 500",
    'budgets[0].target_scope is not granted to this owner; granted is nothing, got "ENDPOINT"',
  ]);
});

test.each<[string, OwnerGrants, Partial<Manifest>]>([
  ["everything", everyGrant(), {}],
  ["names of any secret", everyGrant({ secrets: ["prod/*", "other"] }), {}],
  [
    "no secret, where none is needed",
    everyGrant({ secrets: [] }),
    {
      secrets: [
        aSecret({
          value_from: undefined,
          provider: "bedrock",
          auth_config: { auth_mode: "default_chain" },
        }),
      ],
    },
  ],
  ["the host of the provider", everyGrant({ hosts: ["api.openai.com"] }), {}],
  [
    "a model that is an address of a granted host",
    everyGrant({ hosts: ["api.openai.com", "*.models.example"] }),
    { model_definitions: [aModelDefinition({ model_name: "https://a.models.example/v1" })] },
  ],
  [
    "models with slashes and colons in their names",
    everyGrant({ hosts: ["api.openai.com"] }),
    {
      model_definitions: [
        "meta-llama/Llama-3:free",
        "ft:gpt-4o:acme::id",
        "anthropic.claude:0",
      ].map((model_name, index) =>
        aModelDefinition({ name: index === 0 ? "gpt-4o" : `m${index}`, model_name }),
      ),
    },
  ],
  [
    "a host in any case",
    everyGrant({ hosts: ["API.example.com"] }),
    based("https://api.EXAMPLE.com/v1"),
  ],
  ["the default workspace when none is granted by name", everyGrant({ workspaces: undefined }), {}],
  ["no experiment, where none is named", everyGrant({ experiments: [] }), {}],
  [
    "an external, without its kind",
    everyGrant({ kinds: ["endpoint"], externals: ["gpt-*"] }),
    { secrets: [], model_definitions: [{ name: "gpt-4o", external: true }], budgets: [] },
  ],
  [
    "an external that the owner could manage itself",
    everyGrant(),
    { secrets: [], model_definitions: [{ name: "gpt-4o", external: true }] },
  ],
  [
    "its own endpoint as the target of a budget",
    everyGrant({ budgets: { scopes: ["ENDPOINT"], amount_max: 500 } }),
    {},
  ],
])("a grant allows %s", async (_, grants, changes) => {
  expect(await deniedOf(grants, changes)).toEqual([]);
});

test.each<[provider: string, setting: string, value: string, granted: string]>([
  ["bedrock", "aws_region_name", "evil.example/#", "*.amazonaws.com"],
  ["bedrock", "aws_region_name", "x@127.0.0.1:1/#", "*.amazonaws.com"],
  ["sagemaker", "aws_region_name", "us-east-1.evil.example?", "*.amazonaws.com"],
  ["vertex_ai", "vertex_location", "evil.example/", "*googleapis.com"],
  ["snowflake", "account_id", "evil.example\\", "*.snowflakecomputing.com"],
  ["oci", "oci_region", "evil.example:443/", "*"],
  ["openai", "api_base", "https://api.openai.com\\@evil.example/", "api.openai.com"],
  ["gigachat", "gigachat_auth_url", "//evil.example", "*.sberbank.ru"],
  ["azure", "api_version", "1#", "*.openai.azure.com"],
])("of %s the setting %s cannot be %s under the grant %s", async (provider, name, value, host) => {
  const entry = aSecret({ provider, auth_config: { [name]: value } });

  const lines = await issuesOf(JSON.stringify(aManifest({ secrets: [entry] })), {
    access: granted(everyGrant({ hosts: [host] })),
  });

  // Once, whatever is granted: where it leads nobody can tell.
  expect(lines.filter((line) => line.includes(`auth_config.${name} `))).toEqual([
    expect.stringMatching(
      new RegExp(` secrets.0..auth_config.${name} must be .*[(]setting-grammar`),
    ),
  ]);
});

test("beside a setting that breaks its grammar the others are judged as ever", async () => {
  const auth_config = { aws_region_name: "evil.example/#", api_base: "https://evil.example" };
  const entry = aSecret({ provider: "bedrock", auth_config });

  const lines = await issuesOf(JSON.stringify(aManifest({ secrets: [entry] })), {
    access: granted(everyGrant({ hosts: ["*.amazonaws.com"] })),
  });

  expect(lines).toEqual([
    expect.stringMatching(/aws_region_name must be .*setting-grammar/),
    expect.stringMatching(/api_base is not granted to this owner; .*got "evil.example"/),
  ]);
});

test("of many patterns the first ten are shown", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `team-${index}-*`);

  const [line] = await deniedOf(everyGrant({ names }), {
    model_definitions: [],
    endpoints: [],
    budgets: [],
  });

  expect(line).toBe(
    `secrets[0].name is not granted to this owner; granted is ${names.slice(0, 10).join(", ")} and 20 more, got "openai-prod"`,
  );
});

test("an owner that no grant names may do nothing, also one that is called like a method", async () => {
  const policy = { version: 2 as const, owners: { other: everyGrant() } };

  for (const owner of ["search", "constructor", "__proto__"]) {
    const access = accessUnder(policy, owner);

    expect(await issuesOf(JSON.stringify(aManifest()), { access })).toEqual([
      `gateway.yaml:1:1 is not allowed: the policy grants nothing to the owner "${owner}" (policy)`,
    ]);
    expect(await issuesOf("nonsense", { access })).toHaveLength(1);
  }
});

test("the star is every owner that is not named, and only those", () => {
  const owners = { "*": { names: ["a"] }, search: { names: ["b"] } };
  const namesOf = (owner: string) => {
    const access = accessUnder({ version: 2, owners }, owner);
    return access.is === "granted" ? access.grants.names.list : [];
  };

  expect(namesOf("other")).toEqual(["a"]);
  expect(namesOf("search")).toEqual(["b"]);
});

test.each([
  "http://127.0.0.1:8000/v1",
  "http://localhost:8000",
  "https://LOCALHOST.",
  "http://[::1]/",
  "http://[::ffff:10.0.0.1]/",
  "http://[fd00::1]/",
  "http://[fe80::1]/",
  "https://10.1.2.3",
  "https://172.31.0.1",
  "https://192.168.1.1",
  "https://169.254.169.254/latest",
  "https://100.64.0.1",
  "https://0.0.0.0",
  "https://vllm:8000",
  "https://vllm.internal",
])("%s is refused unless the stack allows it", async (api_base) => {
  const text = JSON.stringify(aManifest(based(api_base)));

  expect(await issuesOf(text)).toEqual([
    expect.stringContaining("must not lead to the server itself or into a private network"),
  ]);
  expect(await issuesOf(text, { allowLoopbackApiBase: true })).toEqual([]);
});

test.each(["http://0x7f.1/", "http://2130706433/"])(
  "%s is refused whatever the stack allows: MLflow does so too",
  async (api_base) => {
    const text = JSON.stringify(aManifest(based(api_base)));

    expect(await issuesOf(text, { allowLoopbackApiBase: true })).toEqual([
      expect.stringMatching(/auth_config\.api_base must be an address .*\(setting-grammar\)$/),
    ]);
  },
);

test.each([
  "https://api.openai.com/v1",
  "https://172.32.0.1",
  "https://8.8.8.8",
  "https://[2606:4700::1111]/",
])("%s is fine", async (api_base) => {
  expect(await issuesOf(JSON.stringify(aManifest(based(api_base))))).toEqual([]);
});

test("a policy is read with the same care as a manifest", async () => {
  const parsed = await parsePolicy(yaml`
    version: 2
    owners:
      search:
        kinds: [secrets]
        names: chat*
        external: [a]
        budgets: { amount_max: -1, scopes: [endpoint], user: [] }
      team-*: {}
  `);

  expect(
    parsed.isValid ? [] : parsed.issues.map((issue) => formatIssue("policy.yaml", issue)),
  ).toEqual([
    'policy.yaml:4:13 owners.search.kinds[0] must be one of secret, model_definition, endpoint, budget, got "secrets"; did you mean "secret"? (schema)',
    'policy.yaml:5:5 owners.search.names must be a list, got "chat*" (schema)',
    'policy.yaml:6:5 owners.search.external is not a known key; allowed are kinds, names, secrets, hosts, workspaces, experiments, externals, budgets; did you mean "externals"? (schema)',
    "policy.yaml:7:16 owners.search.budgets.amount_max must be more than 0, got -1 (schema)",
    'policy.yaml:7:41 owners.search.budgets.scopes[0] must be one of GLOBAL, WORKSPACE, ENDPOINT, USER, got "endpoint"; did you mean "ENDPOINT"? (schema)',
    'policy.yaml:7:52 owners.search.budgets.user is not a known key; allowed are scopes, amount_max, users, endpoints; did you mean "users"? (schema)',
    "policy.yaml:8:3 owners.team-* is not a usable key: it must be the name of an owner, or * for all that are not named (schema)",
  ]);
  expect(await parsePolicy("")).toMatchObject({ isValid: false });
});

async function versionIssue(version: unknown): Promise<string> {
  const parsed = await parsePolicy(JSON.stringify({ version, owners: {} }));
  return parsed.isValid ? "" : (parsed.issues[0]?.message ?? "");
}

test("a policy of another version is refused with what to do", async () => {
  expect(await versionIssue(2)).toBe("");
  expect(await versionIssue(1)).toMatch(/^must be 2: what is not granted is denied .*, got 1$/);
  expect(await versionIssue(3)).toMatch(/^must be 2, .* newer Gateway Ops, got 3$/);
  expect(await versionIssue("2")).toMatch(/^must be a number, got "2"/);
});

test("a policy is bounded, in its length and in its patterns", async () => {
  const ofNames = (names: readonly string[]) =>
    parsePolicy(JSON.stringify({ version: 2, owners: { search: { names } } }));

  expect(await ofNames(Array.from({ length: 201 }, String))).toMatchObject({
    issues: [{ message: expect.stringContaining("must have at most 200 item(s)") }],
  });
  expect(await ofNames(["a".repeat(1025)])).toMatchObject({
    issues: [{ message: expect.stringContaining("must have at most 1024 character(s)") }],
  });
  expect(await ofNames(["a*b**c*d*e*"])).toMatchObject({ isValid: false });
  expect(await ofNames(["a*b*c*d*e*"])).toMatchObject({ isValid: true });
  expect(await parsePolicy(`version: 2 #${"a".repeat(1024 * 1024)}`)).toMatchObject({
    issues: [{ message: "is longer than 1 MiB" }],
  });
});

test("a policy that can be read holds for its owners", async () => {
  const parsed = await parsePolicy(
    'version: 2\nowners:\n  search: { kinds: [secret], names: ["x*"], secrets: ["*"], hosts: ["*"] }\n',
  );
  if (!parsed.isValid) throw new Error("the policy is not valid");
  const texts = { "a.yaml": JSON.stringify({ version: 1, secrets: [aSecret()] }, null, 2) };

  const checked = await checkTexts(texts, { access: accessUnder(parsed.policy, "search") });

  expect(linesOf(checked.invalid)).toEqual([
    'a.yaml:5:7 secrets[0].name is not granted to this owner; granted is x*, got "openai-prod" (policy)',
  ]);
});

test("a policy among the manifests is told as what it is", async () => {
  expect(await issuesOf("version: 2\nowners: {}\n")).toEqual([
    "gateway.yaml:2:1 owners looks like a policy, and not like a manifest; the policy is manifests/policy.yaml, and anywhere else it grants and denies nothing (schema)",
  ]);
});

test("a model that is an address in a private network needs the setting of the stack", async () => {
  const text = JSON.stringify(
    aManifest({ model_definitions: [aModelDefinition({ model_name: "http://169.254.169.254/" })] }),
  );

  expect(await issuesOf(text, { allowLoopbackApiBase: false })).toEqual([
    expect.stringContaining("model_name must not lead to the server itself or into a private"),
  ]);
  expect(await issuesOf(text, { allowLoopbackApiBase: true })).toEqual([]);
});
