import {
  ANYTHING,
  awsCall,
  BEDROCK_CALL,
  type Call,
  callTo,
  fixedCall,
  MANTLE_CALL,
  OCI_CALL,
  SNOWFLAKE_CALL,
  VERTEX_CALL,
} from "./call.ts";
import { DEFAULT_HOSTS } from "./default-hosts.ts";
import type { SettingName } from "./settings.ts";

/** What is known of a provider. */
export interface Provider {
  readonly calls: readonly Call[];
  /** What its `auth_config` may say beside `auth_mode` and `api_base`. */
  readonly settings: readonly SettingName[];
  /** The function of MLflow or litellm that it rests on. */
  readonly source: string;
}

const AWS = ["aws_region_name", "aws_role_name", "aws_session_name"] as const;
const LITELLM_AWS = [...AWS, "aws_sts_endpoint"] as const;

const BEDROCK: Provider = {
  calls: [BEDROCK_CALL],
  settings: AWS,
  source: "bedrock._get_token_auth_base_url; boto3 with the region for the other modes",
};

const DATABRICKS: Provider = {
  calls: [callTo(ANYTHING)],
  settings: ["client_id"],
  source: "databricks._api_base; without api_base the SDK's own configuration decides",
};

const PECULIAR: Readonly<Record<string, Provider>> = {
  anthropic: {
    calls: [callTo("api.anthropic.com")],
    settings: ["version"],
    source: "config.AnthropicConfig",
  },
  azure: {
    calls: [callTo()],
    settings: ["api_version"],
    source: "config.OpenAIConfig: without api_base there is no call",
  },
  bedrock: BEDROCK,
  "amazon-bedrock": BEDROCK,
  databricks: DATABRICKS,
  "databricks-model-serving": DATABRICKS,
  gemini: {
    calls: [fixedCall("generativelanguage.googleapis.com")],
    settings: [],
    source: "gemini.GeminiProvider.base_url: api_base counts from MLflow 3.18.0 on",
  },
  mistral: {
    calls: [fixedCall("api.mistral.ai")],
    settings: [],
    source: "mistral.MistralProvider.base_url: api_base is not read",
  },
  openai: {
    calls: [callTo("api.openai.com")],
    settings: ["api_type", "api_version", "deployment_name", "organization"],
    source: "openai.OpenAIProvider.base_url",
  },
  portkey: {
    calls: [callTo("api.portkey.ai")],
    settings: ["portkey_provider"],
    source: "portkey.PortkeyProvider.DEFAULT_API_BASE",
  },
  vertex_ai: {
    calls: [VERTEX_CALL],
    settings: ["vertex_project", "vertex_location", "vertex_anthropic_betas"],
    source: "vertex_ai._get_vertex_ai_host",
  },

  azure_ai: {
    calls: [callTo(ANYTHING)],
    settings: ["api_version"],
    source: "litellm AzureAIStudioConfig: else AZURE_AI_API_BASE",
  },
  azure_text: {
    calls: [callTo(ANYTHING)],
    settings: ["api_version"],
    source: "litellm azure_text: else AZURE_API_BASE",
  },
  bedrock_mantle: {
    calls: [MANTLE_CALL],
    settings: [...LITELLM_AWS, "aws_bedrock_runtime_endpoint"],
    source: "litellm bedrock_mantle",
  },
  gigachat: {
    calls: [
      callTo("gigachat.devices.sberbank.ru"),
      { ...fixedCall("ngw.devices.sberbank.ru"), movedBy: ["gigachat_auth_url"] },
    ],
    settings: ["gigachat_auth_url"],
    source: "litellm gigachat.authenticator",
  },
  heroku: { calls: [callTo(ANYTHING)], settings: [], source: "litellm: else HEROKU_API_BASE" },
  hosted_vllm: {
    calls: [callTo(ANYTHING)],
    settings: [],
    source: "litellm: else HOSTED_VLLM_API_BASE",
  },
  lemonade: {
    calls: [callTo("localhost"), fixedCall("localhost")],
    settings: [],
    source: "litellm LemonadeChatConfig: asks localhost which models there are",
  },
  oci: {
    calls: [OCI_CALL],
    settings: ["oci_region", "oci_user", "oci_tenancy", "oci_fingerprint", "oci_compartment_id"],
    source: "litellm resolve_oci_inference_endpoint",
  },
  replicate: {
    calls: [fixedCall("api.replicate.com")],
    settings: [],
    source: "litellm ReplicateConfig.get_complete_url: api_base is not read",
  },
  sagemaker: {
    calls: [awsCall("runtime.sagemaker", "sagemaker_base_url")],
    settings: [...LITELLM_AWS, "sagemaker_base_url"],
    source: "litellm SagemakerLLM._prepare_request: api_base is not read",
  },
  snowflake: {
    calls: [SNOWFLAKE_CALL],
    settings: ["account_id"],
    source: "litellm SnowflakeBaseConfig._get_api_base",
  },
  watsonx: {
    calls: [callTo(ANYTHING), fixedCall("iam.cloud.ibm.com")],
    settings: ["url", "api_version", "project_id", "space_id"],
    source: "litellm watsonx common_utils: the key is changed for a token at IBM's IAM",
  },
};

/** Undefined for a provider of which nothing is known: its key may go anywhere. */
export function providerOf(name: string): Provider | undefined {
  if (Object.hasOwn(PECULIAR, name)) return PECULIAR[name];
  const hosts = Object.hasOwn(DEFAULT_HOSTS, name) ? DEFAULT_HOSTS[name] : undefined;
  return hosts && { calls: [callTo(...hosts)], settings: [], source: "DEFAULT_HOSTS" };
}
