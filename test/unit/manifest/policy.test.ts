import { expect, test } from "@jest/globals";
import { formatIssue } from "#manifest/errors.ts";
import { grantsOf, isExternalGranted, parsePolicy } from "#manifest/policy.ts";
import type { OwnerGrants } from "#manifest/policy-schema.ts";
import type { Manifest } from "#manifest/types.ts";
import { aBudget, aManifest, anEndpoint, aSecret } from "../../support/builders.ts";
import { checkTexts, issuesOf, linesOf, yaml } from "../../support/issues.ts";

async function deniedOf(grants: OwnerGrants, changes: Partial<Manifest> = {}): Promise<string[]> {
  const policy = { version: 1 as const, owners: { search: grants } };
  const lines = await issuesOf(JSON.stringify(aManifest(changes), null, 2), { policy });
  expect(lines.every((line) => line.endsWith("(policy)"))).toBe(true);
  return lines.map((line) => line.replace(/^[^ ]* /, "").replace(" (policy)", ""));
}

function based(api_base: string): Partial<Manifest> {
  return { secrets: [aSecret({ auth_config: { api_base } })] };
}

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
    { api_base_hosts: ["*.openai.azure.com"] },
    based("https://openai.azure.com.example.com/v1"),
    [
      'secrets[0].auth_config.api_base is not granted to this owner; granted is *.openai.azure.com, got "openai.azure.com.example.com"',
    ],
  ],
  [
    "hosts in other settings",
    { api_base_hosts: [] },
    { secrets: [aSecret({ auth_config: { proxy: "https://example.com" } })] },
    [
      'secrets[0].auth_config.proxy is not granted to this owner; granted is nothing, got "example.com"',
    ],
  ],
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
])("%s beyond the grant are refused with what is granted", async (_, grants, changes, expected) => {
  expect(await deniedOf(grants, changes)).toEqual(expected);
});

test.each<[OwnerGrants, Partial<Manifest>]>([
  [{}, {}],
  [{ kinds: ["secret", "model_definition", "endpoint", "budget"] }, {}],
  [{ names: ["*"] }, {}],
  [{ secrets: ["prod/*", "other"] }, {}],
  [
    { secrets: [] },
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
  [{ api_base_hosts: [] }, {}],
  [{ api_base_hosts: ["API.example.com"] }, based("https://api.EXAMPLE.com/v1")],
  [{ budgets: {} }, {}],
  [
    { kinds: ["endpoint"] },
    { secrets: [], model_definitions: [{ name: "gpt-4o", external: true }], budgets: [] },
  ],
])("the grant %j allows %j", async (grants, changes) => {
  expect(await deniedOf(grants, changes)).toEqual([]);
});

test("an owner that no grant names may do nothing, also one that is called like a method", async () => {
  const policy = { version: 1 as const, owners: { other: {} } };

  for (const owner of ["search", "constructor"]) {
    expect(await issuesOf(JSON.stringify(aManifest()), { owner, policy })).toEqual([
      `gateway.yaml:1:1 is not allowed: the policy grants nothing to the owner "${owner}" (policy)`,
    ]);
  }
});

test("the star is every owner that is not named, and only those", () => {
  const policy = { version: 1 as const, owners: { "*": { kinds: [] }, search: { names: ["a"] } } };

  expect(grantsOf(policy, "other")).toEqual({ kinds: [] });
  expect(grantsOf(policy, "search")).toEqual({ names: ["a"] });
});

test("other owners' resources are referred to only where that is granted", () => {
  expect(isExternalGranted({}, "shared-a")).toBe(false);
  expect(isExternalGranted(undefined, "shared-a")).toBe(false);
  expect(isExternalGranted({ externals: ["shared-*"] }, "shared-a")).toBe(true);
  expect(isExternalGranted({ externals: ["shared-*"] }, "other")).toBe(false);
  expect(isExternalGranted(grantsOf(undefined, "search"), "anything")).toBe(false);
});

test.each([
  ["a*b", "ab", true],
  ["a*b", "a-b-b", true],
  ["a*b", "a", false],
  ["aba*aba", "aba", false],
  ["*a*b*", "xaxbx", true],
  ["*a*b*", "xbxax", false],
  ["a.c", "abc", false],
  ["a*b*c", "a-c", false],
  ["*", "", true],
])("the pattern %s and the name %s", (glob, name, expected) => {
  expect(isExternalGranted({ externals: [glob] }, name)).toBe(expected);
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
    version: 1
    owners:
      search:
        kinds: [secrets]
        names: chat*
        external: [a]
        budgets: { amount_max: -1, scopes: [endpoint] }
  `);

  expect(
    parsed.isValid ? [] : parsed.issues.map((issue) => formatIssue("policy.yaml", issue)),
  ).toEqual([
    'policy.yaml:4:13 owners.search.kinds[0] must be one of secret, model_definition, endpoint, budget, got "secrets"; did you mean "secret"? (schema)',
    'policy.yaml:5:5 owners.search.names must be a list, got "chat*" (schema)',
    'policy.yaml:6:5 owners.search.external is not a known key; allowed are kinds, names, secrets, api_base_hosts, externals, budgets; did you mean "externals"? (schema)',
    "policy.yaml:7:16 owners.search.budgets.amount_max must be more than 0, got -1 (schema)",
    'policy.yaml:7:41 owners.search.budgets.scopes[0] must be one of GLOBAL, WORKSPACE, ENDPOINT, USER, got "endpoint"; did you mean "ENDPOINT"? (schema)',
  ]);
  expect(await parsePolicy("")).toMatchObject({ isValid: false });
});

test("a policy that can be read holds for its owners", async () => {
  const parsed = await parsePolicy('version: 1\nowners:\n  search: { names: ["x*"] }\n');
  if (!parsed.isValid) throw new Error("the policy is not valid");
  const texts = { "a.yaml": JSON.stringify({ version: 1, secrets: [aSecret()] }, null, 2) };

  const checked = await checkTexts(texts, { policy: parsed.policy });

  expect(linesOf(checked.invalid)).toEqual([
    'a.yaml:5:7 secrets[0].name is not granted to this owner; granted is x*, got "openai-prod" (policy)',
  ]);
});
