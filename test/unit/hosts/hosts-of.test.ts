import { expect, test } from "@jest/globals";
import { DEFAULT_HOSTS } from "#hosts/default-hosts.ts";
import { hostsOf, isWellFormed, knownSettings, unknownSettings } from "#hosts/hosts-of.ts";
import { SETTINGS, type SettingName } from "#hosts/settings.ts";

type Config = Readonly<Record<string, string>>;

const API_BASE: Config = { api_base: "https://Base.example:8443/v1" };
const REGION: Config = { aws_region_name: "eu-west-1" };

/** Host, and the setting that says so. */
function linesOf(provider: string, config?: Config): string[] {
  return hostsOf(provider, config).map(({ host, setting }) =>
    setting ? `${host} ${setting}` : host,
  );
}

test.each<[provider: string, config: Config | undefined, expected: readonly string[]]>([
  ["openai", undefined, ["api.openai.com"]],
  ["openai", { api_base: "" }, ["api.openai.com"]],
  ["openai", API_BASE, ["base.example api_base"]],
  [
    "openai",
    { ...API_BASE, api_type: "azure", api_version: "2024-10-21" },
    ["base.example api_base"],
  ],
  ["azure", undefined, []],
  ["azure", { ...API_BASE, api_version: "2024-10-21" }, ["base.example api_base"]],
  ["anthropic", { version: "2023-06-01" }, ["api.anthropic.com"]],
  ["anthropic", API_BASE, ["base.example api_base"]],
  ["portkey", { portkey_provider: "@openai-prod" }, ["api.portkey.ai"]],
  ["ollama", undefined, ["localhost"]],
  ["databricks", undefined, ["*"]],
  ["databricks-model-serving", API_BASE, ["base.example api_base"]],

  // An address that this version does not read may count in the next one.
  ["mistral", API_BASE, ["base.example api_base", "api.mistral.ai"]],
  ["gemini", API_BASE, ["base.example api_base", "generativelanguage.googleapis.com"]],
  ["replicate", API_BASE, ["base.example api_base", "api.replicate.com"]],

  ["bedrock", REGION, ["bedrock-runtime.eu-west-1.amazonaws.com aws_region_name"]],
  ["amazon-bedrock", REGION, ["bedrock-runtime.eu-west-1.amazonaws.com aws_region_name"]],
  ["bedrock", undefined, ["bedrock-runtime.*.amazonaws.com"]],
  ["bedrock", { aws_region_name: "" }, ["bedrock-runtime.*.amazonaws.com"]],
  [
    "bedrock",
    { aws_region_name: "cn-north-1" },
    ["bedrock-runtime.cn-north-1.amazonaws.com aws_region_name"],
  ],
  [
    "bedrock",
    { auth_mode: "access_keys", aws_region_name: "cn-north-1" },
    ["bedrock-runtime.cn-north-1.amazonaws.com.cn aws_region_name"],
  ],
  ...[
    ["us-gov-west-1", "amazonaws.com"],
    ["us-iso-east-1", "c2s.ic.gov"],
    ["us-isob-east-1", "sc2s.sgov.gov"],
    ["us-isof-south-1", "csp.hci.ic.gov"],
    ["eu-isoe-west-1", "cloud.adc-e.uk"],
    ["eusc-de-east-1", "amazonaws.eu"],
  ].map(([region = "", domain]): [string, Config, string[]] => [
    "sagemaker",
    { aws_region_name: region },
    [`runtime.sagemaker.${region}.${domain} aws_region_name`],
  ]),
  ["sagemaker", undefined, ["runtime.sagemaker.*.amazonaws.com"]],
  ["sagemaker", { sagemaker_base_url: "https://a.example" }, ["a.example sagemaker_base_url"]],
  [
    "sagemaker",
    { ...API_BASE, ...REGION },
    ["base.example api_base", "runtime.sagemaker.eu-west-1.amazonaws.com aws_region_name"],
  ],
  [
    "sagemaker",
    { ...REGION, aws_sts_endpoint: "https://sts.example" },
    ["sts.example aws_sts_endpoint", "runtime.sagemaker.eu-west-1.amazonaws.com aws_region_name"],
  ],
  [
    "bedrock_mantle",
    { ...REGION, aws_bedrock_runtime_endpoint: "https://a.example" },
    ["a.example aws_bedrock_runtime_endpoint", "bedrock-mantle.eu-west-1.api.aws aws_region_name"],
  ],
  ["bedrock_mantle", REGION, ["bedrock-mantle.eu-west-1.api.aws aws_region_name"]],
  ["bedrock_mantle", undefined, ["bedrock-mantle.*.api.aws"]],
  ["bedrock_mantle", API_BASE, ["base.example api_base"]],

  [
    "vertex_ai",
    { vertex_project: "p" },
    ["aiplatform.googleapis.com", "us-central1-aiplatform.googleapis.com"],
  ],
  ["vertex_ai", { vertex_location: "global" }, ["aiplatform.googleapis.com vertex_location"]],
  ["vertex_ai", { vertex_location: "eu" }, ["aiplatform.eu.rep.googleapis.com vertex_location"]],
  [
    "vertex_ai",
    { vertex_location: "europe-west4" },
    ["europe-west4-aiplatform.googleapis.com vertex_location"],
  ],

  ["snowflake", { account_id: "MyOrg-acc_1" }, ["myorg-acc_1.snowflakecomputing.com account_id"]],
  ["snowflake", undefined, ["*.snowflakecomputing.com"]],
  ["oci", undefined, ["inference.generativeai.*.oci.*"]],
  [
    "oci",
    { oci_region: "us-ashburn-1", oci_compartment_id: "ocid1.compartment.oc1..aaaa" },
    ["inference.generativeai.us-ashburn-1.oci.oraclecloud.com oci_region"],
  ],
  [
    "oci",
    { oci_region: "us-langley-1", oci_compartment_id: "ocid1.compartment.oc2..aaaa" },
    ["inference.generativeai.us-langley-1.oci.* oci_region"],
  ],
  ["gigachat", undefined, ["gigachat.devices.sberbank.ru", "ngw.devices.sberbank.ru"]],
  ["gigachat", API_BASE, ["base.example api_base", "ngw.devices.sberbank.ru"]],
  [
    "gigachat",
    { gigachat_auth_url: "https://a.example/oauth" },
    ["a.example gigachat_auth_url", "gigachat.devices.sberbank.ru"],
  ],
  ["watsonx", undefined, ["*", "iam.cloud.ibm.com"]],
  ["watsonx", API_BASE, ["base.example api_base", "iam.cloud.ibm.com"]],
  ["watsonx", { url: "https://a.example" }, ["a.example url", "*", "iam.cloud.ibm.com"]],
  ["ai21", undefined, ["api.ai21.com", "api.openai.com"]],
  ["azure_ai", undefined, ["*"]],
  ["azure_ai", API_BASE, ["base.example api_base"]],
  ["azure_text", API_BASE, ["base.example api_base"]],
  ["heroku", undefined, ["*"]],
  ["hosted_vllm", API_BASE, ["base.example api_base"]],
  ["lemonade", API_BASE, ["base.example api_base", "localhost"]],

  // Names are exact: what MLflow does not know goes to litellm, wherever that leads.
  ["OpenAI", undefined, ["*"]],
  ["something", API_BASE, ["base.example api_base", "*"]],
  ["constructor", undefined, ["*"]],
])("the key of %s with %j goes to %j", (provider, config, expected) => {
  expect(linesOf(provider, config)).toEqual(expected);
});

test.each(Object.entries(DEFAULT_HOSTS))(
  "the key of %s goes to %j, or where it is told to",
  (name, hosts) => {
    expect(linesOf(name)).toEqual(hosts);
    expect(linesOf(name, API_BASE)).toEqual(["base.example api_base"]);
    for (const host of hosts) expect(host).toMatch(/^[a-z0-9*-]+(\.[a-z0-9-]+)*$/);
  },
);

test.each([
  ["bedrock", { aws_region_name: "evil.example/#" }, "aws_region_name"],
  ["bedrock", { aws_region_name: "x@127.0.0.1:1/#" }, "aws_region_name"],
  ["openai", { api_base: "https://api.openai.com\\@evil.example/" }, "api_base"],
  ["vertex_ai", { vertex_location: "evil.example/", vertex_project: "p" }, "vertex_location"],
  ["vertex_ai", { vertex_location: "global", vertex_project: "p/../.." }, "vertex_project"],
])("of %s %j nobody can say where it leads", (provider, config, setting) => {
  expect(hostsOf(provider, config)).toContainEqual({ host: "*", setting });
});

/** For each setting with a grammar what is right and what is not. */
const SPELLINGS: Partial<Record<SettingName, { right: string[]; wrong: string[] }>> = {
  aws_region_name: {
    right: ["us-east-1", "ap-southeast-7", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"],
    wrong: [
      "US-EAST-1",
      "us-east-1.",
      "us-east",
      "us_east_1",
      "us-east-1-",
      "useast1",
      "us-east-0",
    ],
  },
  vertex_location: {
    right: ["us-central1", "global", "eu", "northamerica-northeast2"],
    wrong: ["US-Central1", "us-central1.", "-us", "us-", "us_central1", "a".repeat(41)],
  },
  vertex_ai_location: { right: ["us-central1"], wrong: ["us.central1"] },
  vertex_project: {
    right: ["my-project-1", "123456789012", "example.com:my-project"],
    wrong: ["My-Project", "my_project", "a:b:c", "..", "-a", "a/b"],
  },
  vertex_ai_project: { right: ["my-project-1"], wrong: ["a/b"] },
  oci_region: { right: ["us-ashburn-1", "me-dcc-doha-1"], wrong: ["US-ASHBURN-1", "1a", "us."] },
  account_id: { right: ["myorg-account123", "AB12345", "a_b"], wrong: ["a.b", "-a", "a-", "_a"] },
  tenant_id: {
    right: ["6babcaad-604b-40ac-a9d7-9fd97c0b779f", "contoso.onmicrosoft.com"],
    wrong: [".", "..", "a..", "-a"],
  },
  deployment_name: { right: ["gpt-4o", "gpt_4.1"], wrong: ["..", "a/..", "gpt-4o."] },
  api_version: { right: ["2024-10-21", "2024-10-01-preview", "v1", "preview"], wrong: ["1&x=y"] },
};

/** Wrong in every setting that becomes a part of an address. */
const NEVER = [
  "",
  " ",
  "evil.example/#",
  "evil.example/",
  "x@127.0.0.1:1/#",
  "us-east-1@evil.example",
  "us-east-1/",
  "us-east-1?",
  "us-east-1#",
  "us-east-1:443/",
  "us-east-1\\",
  "us-east-1\n",
  "us-east-1\r\n",
  "\tus-east-1",
  " us-east-1",
  "us-east-1\0",
  "us-east-1%2e",
  "%75s-east-1",
  "//evil.example",
  "https://evil.example",
  "[::1]",
  "us-\u0435ast-1",
  "us\u2010east-1",
  "us\uff0deast-1",
  "us-east-1\u3002evil",
  "us-east-1\u200b",
  "os.environ/AWS_REGION",
  "$REGION",
  "*",
  "a".repeat(300),
];

const PARTS = Object.entries(SETTINGS).filter(([, { makes }]) => makes === "part");

test("every part of an address has spellings below", () => {
  expect(Object.keys(SPELLINGS).toSorted()).toEqual(PARTS.map(([name]) => name).toSorted());
});

test.each(Object.entries(SPELLINGS))("%s is written by its grammar", (name, { right, wrong }) => {
  for (const value of right) expect([value, isWellFormed(name, value)]).toEqual([value, true]);
  for (const value of [...wrong, ...NEVER])
    expect([value, isWellFormed(name, value)]).toEqual([value, false]);
});

const ADDRESSES = Object.entries(SETTINGS).filter(([, { makes }]) => makes === "address");

test.each(ADDRESSES)("%s is an address, whose host counts for every provider", (name) => {
  expect(isWellFormed(name, "evil.example")).toBe(false);
  for (const provider of ["openai", "bedrock", "mistral", "something"])
    expect(hostsOf(provider, { [name]: "https://a.example/" })).toContainEqual({
      host: "a.example",
      setting: name,
    });
});

test("every setting names the function it rests on", () => {
  for (const { source } of Object.values(SETTINGS)) expect(source).toMatch(/^.{15,100}$/);
});

test.each<[provider: string, names: readonly string[], unknown?: readonly string[]]>([
  ["openai", ["organization", "api_version"], []],
  ["openai", ["proxy", "aws_region_name", "API_BASE", "constructor"]],
  ["bedrock", ["aws_region_name", "aws_role_name", "aws_session_name"], []],
  ["bedrock", ["aws_bedrock_runtime_endpoint", "aws_sts_endpoint"]],
  ["groq", ["extra_headers", "use_litellm_proxy", "ssl_verify"]],
  ["something", ["organization"]],
])("of the settings of %s among %j nobody knows %j", (provider, names, unknown = names) => {
  const config = Object.fromEntries(["auth_mode", "api_base", ...names].map((name) => [name, "x"]));

  expect(unknownSettings(provider, config)).toEqual(unknown);
  expect(knownSettings(provider)).toEqual(expect.arrayContaining(["auth_mode", "api_base"]));
});
