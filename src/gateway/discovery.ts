import type { Caller } from "./caller.ts";
import { checkRequest, fields, text } from "./checks.ts";
import { defined, Reader } from "./read.ts";

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
}

export interface ProviderField {
  readonly name: string;
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
export class DiscoveryOperations {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Names of all providers, about a hundred, sorted. */
  async providers(): Promise<string[]> {
    const answer = await this.#caller.call("listProviders");
    return new Reader("listProviders", answer).texts("providers");
  }

  /** Models that take or make text. Without a provider there are thousands. */
  async models(filter: { readonly provider?: string } = {}): Promise<CatalogModel[]> {
    checkRequest("listModels", filter, fields({ optional: { provider: text() } }));
    const answer = await this.#caller.call("listModels", filter);
    return new Reader("listModels", answer).list("models", readModel);
  }

  /** What a secret of the provider must hold; of an unknown one an `api_key`. */
  async providerConfig(request: { readonly provider: string }): Promise<ProviderConfig> {
    checkRequest("getProviderConfig", request, fields({ required: { provider: text() } }));
    const answer = await this.#caller.call("getProviderConfig", request);
    const reader = new Reader("getProviderConfig", answer);
    return {
      auth_modes: reader.list("auth_modes", readAuthMode),
      default_mode: reader.text("default_mode"),
    };
  }

  /** Whether secrets can be stored, and safely so. */
  async secretsConfig(): Promise<SecretsConfig> {
    const reader = new Reader("getSecretsConfig", await this.#caller.call("getSecretsConfig"));
    return defined({
      secrets_available: reader.boolean("secrets_available"),
      using_default_passphrase: reader.optionalBoolean("using_default_passphrase"),
    });
  }
}

function readModel(reader: Reader): CatalogModel {
  return defined({
    model: reader.text("model"),
    provider: reader.optionalText("provider"),
    mode: reader.optionalText("mode"),
    input_cost_per_token: reader.optionalNumber("input_cost_per_token"),
    output_cost_per_token: reader.optionalNumber("output_cost_per_token"),
    max_input_tokens: reader.optionalNumber("max_input_tokens"),
    max_output_tokens: reader.optionalNumber("max_output_tokens"),
    supports_function_calling: reader.optionalBoolean("supports_function_calling"),
    supports_vision: reader.optionalBoolean("supports_vision"),
    supports_reasoning: reader.optionalBoolean("supports_reasoning"),
    supports_prompt_caching: reader.optionalBoolean("supports_prompt_caching"),
    supports_response_schema: reader.optionalBoolean("supports_response_schema"),
    deprecation_date: reader.optionalText("deprecation_date"),
  });
}

function readAuthMode(reader: Reader): ProviderAuthMode {
  return defined({
    mode: reader.text("mode"),
    display_name: reader.optionalText("display_name"),
    description: reader.optionalText("description"),
    secret_fields: reader.list("secret_fields", readField),
    config_fields: reader.list("config_fields", readField),
  });
}

function readField(reader: Reader): ProviderField {
  return defined({
    name: reader.text("name"),
    required: reader.optionalBoolean("required") ?? false,
    description: reader.optionalText("description"),
    default: reader.optionalText("default"),
  });
}
