/** What a setting of `auth_config` has to do with the address that a key is sent to. */
export type Setting =
  /** It is an address itself. */
  | { readonly makes: "address"; readonly source: string }
  /** It is put into an address: a value is written by this grammar, or it leads elsewhere. */
  | {
      readonly makes: "part";
      readonly grammar: RegExp;
      /** What the grammar allows, for messages. */
      readonly allowed: string;
      readonly source: string;
    }
  /** It travels beside the key. */
  | { readonly makes: "nothing"; readonly source: string };

const PATH_PART = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/;

/**
 * Every setting that a provider is known to honour, as MLflow 3.17.2 and 3.18.0 and litellm 1.110.2
 * read it. A name means the same for every provider, also for one that is not known: litellm is
 * handed all settings. The grammars are linear: no two ways lead through the same text.
 */
export const SETTINGS = {
  auth_mode: nothing("gateway_api._build_endpoint_config chooses the credentials by it"),
  api_base: address("gateway_api._build_endpoint_config; litellm hands it to every provider"),
  url: address("litellm watsonx get_watsonx_credentials takes it for api_base"),
  sagemaker_base_url: address("litellm sagemaker _prepare_request calls it in place of AWS"),
  aws_bedrock_runtime_endpoint: address("litellm bedrock_mantle messages call it in place of AWS"),
  aws_sts_endpoint: address("litellm BaseAWSLLM.get_credentials asks it for a role"),
  gigachat_auth_url: address("litellm gigachat authenticator sends it the key"),

  aws_region_name: {
    makes: "part",
    grammar: /^[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[1-9][0-9]?$/,
    allowed: "a region of AWS such as us-east-1",
    source: "bedrock._get_token_auth_base_url: https://bedrock-runtime.{region}.amazonaws.com",
  },
  vertex_location: location("vertex_ai._get_vertex_ai_host; MLflow 3.18.0 fails every other call"),
  vertex_ai_location: location("litellm VertexBase takes it for vertex_location"),
  vertex_project: project("vertex_ai.base_url: /v1/projects/{project}/locations/{location}"),
  vertex_ai_project: project("litellm VertexBase takes it for vertex_project"),
  oci_region: {
    makes: "part",
    grammar: /^[a-z][a-z0-9-]{0,30}[a-z0-9]$/,
    allowed: "a region of Oracle Cloud such as us-ashburn-1",
    source: "litellm resolve_oci_inference_endpoint: https://inference.generativeai.{region}.oci",
  },
  account_id: {
    makes: "part",
    grammar: /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/,
    allowed: "the identifier of a Snowflake account such as myorg-account123",
    source:
      "litellm SnowflakeBaseConfig._get_api_base: https://{account_id}.snowflakecomputing.com",
  },
  tenant_id: {
    makes: "part",
    grammar: PATH_PART,
    allowed: "the id or domain of a Microsoft Entra tenant",
    source: "litellm azure: https://login.microsoftonline.com/{tenant_id}/oauth2/v2.0/token",
  },
  deployment_name: {
    makes: "part",
    grammar: PATH_PART,
    allowed: "the name of an Azure deployment: letters, digits and inner ._-",
    source: "openai.base_url: {api_base}/openai/deployments/{deployment_name}",
  },
  api_version: {
    makes: "part",
    grammar: PATH_PART,
    allowed: "a version such as 2024-10-21 or preview",
    source: "openai.base_url: {api_base}?api-version={api_version}",
  },

  api_type: nothing("OpenAIConfig: openai, azure or azuread, all of them at api_base"),
  organization: nothing("openai.headers: a header"),
  version: nothing("anthropic: the header anthropic-version"),
  portkey_provider: nothing("portkey: the header x-portkey-provider"),
  client_id: nothing("DatabricksConfig and litellm azure: in the body of a token request"),
  aws_role_name: nothing("bedrock._construct_client_args: which role AWS is asked for"),
  aws_session_name: nothing("litellm BaseAWSLLM: how the session with a role is called"),
  vertex_anthropic_betas: nothing("vertex_ai: filters a header"),
  project_id: nothing("litellm watsonx: in the body of a call"),
  space_id: nothing("litellm watsonx: in the body of a call"),
  oci_user: nothing("litellm oci: in a signature"),
  oci_tenancy: nothing("litellm oci: in a signature"),
  oci_fingerprint: nothing("litellm oci: in a signature"),
  oci_compartment_id: nothing("litellm resolve_oci_inference_endpoint: chooses among Oracle's own"),
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof SETTINGS;

/** Undefined for a name that no provider is known to honour. */
export function settingOf(name: string): Setting | undefined {
  return Object.hasOwn(SETTINGS, name) ? SETTINGS[name as SettingName] : undefined;
}

function address(source: string) {
  return { makes: "address", source } as const;
}

function nothing(source: string) {
  return { makes: "nothing", source } as const;
}

function location(source: string) {
  return {
    makes: "part",
    grammar: /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
    allowed: "a location of Google Cloud such as us-central1 or global",
    source,
  } as const;
}

function project(source: string) {
  return {
    makes: "part",
    grammar: /^(?:[a-z][a-z0-9.-]{0,61}[a-z0-9]:)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    allowed: "the id or number of a Google Cloud project",
    source,
  } as const;
}
