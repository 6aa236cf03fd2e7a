import type { SettingName } from "./settings.ts";

export type AuthConfig = Readonly<Record<string, string>>;

/** What the server's own environment decides, within a host or in place of all of it. */
export const ANYTHING = "*";

/** One kind of call that a provider makes with the key. */
export interface Call {
  /**
   * Where it goes unless an address takes its place, in lower case; `*` stands for what is not said.
   * None: without an address there is no such call.
   */
  readonly hosts: (config: AuthConfig) => readonly string[];
  /** The setting that the hosts are made of. */
  readonly madeOf?: SettingName;
  /** Addresses that it goes to instead, any of them. */
  readonly movedBy: readonly SettingName[];
}

const REALM = /^ocid1\.[a-z0-9]+\.oc1\./i;
/** Domains of AWS outside its commercial partition, as boto3 and litellm know them. */
const AWS_DOMAINS: Readonly<Record<string, string>> = {
  "cn-": "amazonaws.com.cn",
  "eu-isoe-": "cloud.adc-e.uk",
  "eusc-": "amazonaws.eu",
  "us-iso-": "c2s.ic.gov",
  "us-isob-": "sc2s.sgov.gov",
  "us-isof-": "csp.hci.ic.gov",
};
const VERTEX = "aiplatform.googleapis.com";

/** A call to hosts of which `api_base` takes the place. */
export function callTo(...hosts: readonly string[]): Call {
  return { hosts: () => hosts, movedBy: ["api_base"] };
}

/** A call that no setting moves. */
export function fixedCall(...hosts: readonly string[]): Call {
  return { hosts: () => hosts, movedBy: [] };
}

/** A call to a service of AWS in the region that is stated, or in the server's own. */
export function awsCall(service: string, ...movedBy: readonly SettingName[]): Call {
  return {
    hosts: ({ aws_region_name: region = ANYTHING }) => [
      `${service}.${region}.${awsDomain(region)}`,
    ],
    madeOf: "aws_region_name",
    movedBy,
  };
}

/** MLflow sends a key of Bedrock itself, to the commercial domain; boto3 knows the others. */
export const BEDROCK_CALL: Call = {
  ...awsCall("bedrock-runtime"),
  hosts: ({ auth_mode = "api_key", aws_region_name: region = ANYTHING }) => [
    `bedrock-runtime.${region}.${awsDomain(auth_mode === "api_key" ? ANYTHING : region)}`,
  ],
};

export const MANTLE_CALL: Call = {
  hosts: ({ aws_region_name: region = ANYTHING }) => [`bedrock-mantle.${region}.api.aws`],
  madeOf: "aws_region_name",
  movedBy: ["api_base"],
};

/** Models of Google and Anthropic are called at `global` unless said otherwise, others in the US. */
export const VERTEX_CALL: Call = {
  hosts: ({ vertex_location: location }) =>
    location ? [vertexHost(location)] : [vertexHost("global"), vertexHost("us-central1")],
  madeOf: "vertex_location",
  movedBy: [],
};

export const SNOWFLAKE_CALL: Call = {
  hosts: ({ account_id = ANYTHING }) => [`${account_id.toLowerCase()}.snowflakecomputing.com`],
  madeOf: "account_id",
  movedBy: ["api_base"],
};

/** The compartment says in which realm of Oracle's the region is; only the commercial one is sure. */
export const OCI_CALL: Call = {
  hosts: ({ oci_region = ANYTHING, oci_compartment_id = "" }) => [
    `inference.generativeai.${oci_region}.oci.${REALM.test(oci_compartment_id) ? "oraclecloud.com" : ANYTHING}`,
  ],
  madeOf: "oci_region",
  movedBy: ["api_base"],
};

function awsDomain(region: string): string {
  const [, domain = "amazonaws.com"] =
    Object.entries(AWS_DOMAINS).find(([prefix]) => region.startsWith(prefix)) ?? [];
  return domain;
}

function vertexHost(location: string): string {
  if (location === "global") return VERTEX;
  if (location === "eu" || location === "us") return `aiplatform.${location}.rep.googleapis.com`;
  return `${location}-${VERTEX}`;
}
