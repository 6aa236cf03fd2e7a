import { fields, NO_FIELDS, PROVIDER_FILTER, text } from "#gateway/call/checks.ts";
import { OperationGroup } from "#gateway/call/operation-group.ts";
import * as read from "#gateway/call/read.ts";

/** A model as MLflow's catalogue knows it; prices are US dollars per token. */
export interface CatalogModel {
  readonly model: string;
  readonly provider?: string;
  /** Such as `chat`, `completion`, `embedding`, `responses`. */
  readonly mode?: string;
  /** Absent when the price is unknown: then no budget counts the model's calls. */
  readonly input_cost_per_token?: number;
  readonly output_cost_per_token?: number;
  readonly max_input_tokens?: number;
  readonly max_output_tokens?: number;
  readonly supports_function_calling?: boolean;
  readonly supports_vision?: boolean;
  readonly supports_reasoning?: boolean;
  readonly supports_prompt_caching?: boolean;
  readonly supports_response_schema?: boolean;
  readonly deprecation_date?: string;
  /** Prices of audio, images and video: by modality, then by what is counted. */
  readonly modality?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** A date: when the catalogue's entry was changed last. */
  readonly last_updated_at?: string;
}

export interface ProviderField {
  readonly name: string;
  /** `string`, so far. */
  readonly type?: string;
  readonly required: boolean;
  readonly description?: string;
  readonly default?: string;
}

/** One way to log in at a provider. */
export interface ProviderAuthMode {
  /** The value of `auth_config.auth_mode`. */
  readonly mode: string;
  readonly display_name?: string;
  readonly description?: string;
  /** Keys of `secret_value`. */
  readonly secret_fields: readonly ProviderField[];
  /** Keys of `auth_config`. */
  readonly config_fields: readonly ProviderField[];
}

export interface ProviderConfig {
  readonly auth_modes: readonly ProviderAuthMode[];
  readonly default_mode: string;
  /** The server's own environment holds a key for the provider. Absent before MLflow 3.18. */
  readonly env_credentials_available?: boolean;
}

export interface SecretsConfig {
  readonly secrets_available: boolean;
  /** Secrets are encrypted with a passphrase that is public; absent for who is no administrator. */
  readonly using_default_passphrase?: boolean;
}

/**
 * What the server knows about providers and models. Best effort: MLflow made these for its own web
 * pages and may change them; a server that lacks one answers with `gateway-refused` (404). A server
 * that looks for newer prices on the internet and has no way there takes minutes over the first.
 */
export class DiscoveryOperations extends OperationGroup {
  /** Names of all providers, about a hundred, sorted. */
  providers(): Promise<string[]> {
    return this.ask("listProviders", {}, NO_FIELDS, read.field("providers", read.texts));
  }

  /** Models that take or make text. Without a provider there are thousands. */
  models(filter: { readonly provider?: string } = {}): Promise<CatalogModel[]> {
    return this.ask("listModels", filter, PROVIDER_FILTER, read.field("models", MODELS));
  }

  /** What a secret of the provider must hold; of an unknown one an `api_key`. */
  providerConfig(request: { readonly provider: string }): Promise<ProviderConfig> {
    return this.ask("getProviderConfig", request, fields({ provider: text }), PROVIDER_CONFIG);
  }

  /** Whether secrets can be stored, and safely so. */
  secretsConfig(): Promise<SecretsConfig> {
    return this.ask("getSecretsConfig", {}, NO_FIELDS, SECRETS_CONFIG);
  }
}

const MODELS = read.list(
  read.object({
    model: read.text,
    provider: read.textIfAny,
    mode: read.textIfAny,
    input_cost_per_token: read.numberIfAny,
    output_cost_per_token: read.numberIfAny,
    max_input_tokens: read.numberIfAny,
    max_output_tokens: read.numberIfAny,
    supports_function_calling: read.flagIfAny,
    supports_vision: read.flagIfAny,
    supports_reasoning: read.flagIfAny,
    supports_prompt_caching: read.flagIfAny,
    supports_response_schema: read.flagIfAny,
    deprecation_date: read.textIfAny,
    modality: read.objectIfAny(read.mapOf(read.mapOf(read.number))),
    last_updated_at: read.textIfAny,
  }),
);

const PROVIDER_FIELDS = read.list(
  read.object({
    name: read.text,
    type: read.textIfAny,
    required: read.flagOrFalse,
    description: read.textIfAny,
    default: read.textIfAny,
  }),
);

const PROVIDER_CONFIG = read.object({
  auth_modes: read.list(
    read.object({
      mode: read.text,
      display_name: read.textIfAny,
      description: read.textIfAny,
      secret_fields: PROVIDER_FIELDS,
      config_fields: PROVIDER_FIELDS,
    }),
  ),
  default_mode: read.text,
  env_credentials_available: read.flagIfAny,
});

const SECRETS_CONFIG = read.object({
  secrets_available: read.flag,
  using_default_passphrase: read.flagIfAny,
});
