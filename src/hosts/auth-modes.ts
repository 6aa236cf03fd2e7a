/** What an `auth_mode` needs, as MLflow's own forms ask for it; the server checks none of it. */
interface AuthMode {
  /** Keys of the value. */
  readonly value: readonly string[];
  /** Settings in `auth_config`. */
  readonly config: readonly string[];
  /** What litellm takes in place of those keys, where MLflow's forms offer it nowhere. */
  readonly instead?: readonly string[];
}

const API_KEY: AuthMode = { value: ["api_key"], config: [] };
const ACCESS_KEYS = ["aws_access_key_id", "aws_secret_access_key"];

/** The first mode is the default. Every other provider has the mode `api_key`. */
const AUTH_MODES: Readonly<Record<string, Readonly<Record<string, AuthMode>>>> = {
  azure: { api_key: { value: ["api_key"], config: ["api_base", "api_version"] } },
  bedrock: {
    api_key: { value: ["api_key"], config: ["aws_region_name"] },
    access_keys: { value: ACCESS_KEYS, config: [] },
    iam_role: { value: [], config: ["aws_role_name"] },
    default_chain: { value: [], config: [] },
  },
  bedrock_mantle: { api_key: { ...API_KEY, instead: ACCESS_KEYS } },
  databricks: {
    pat_token: { value: ["api_key"], config: ["api_base"] },
    oauth_m2m: { value: ["client_secret"], config: ["api_base", "client_id"] },
  },
  oci: { api_key: { ...API_KEY, instead: ["oci_key"] } },
  sagemaker: {
    access_keys: { value: ACCESS_KEYS, config: ["aws_region_name"] },
    iam_role: { value: ACCESS_KEYS, config: ["aws_role_name", "aws_region_name"] },
    default_chain: { value: [], config: [] },
  },
  vertex_ai: {
    service_account_json: { value: ["vertex_credentials"], config: ["vertex_project"] },
    default_chain: { value: [], config: ["vertex_project"] },
  },
  watsonx: { api_key: { ...API_KEY, instead: ["token"] } },
};

/**
 * What a value may hold besides: what MLflow's forms offer, and litellm takes. Secrets all of them,
 * and none that leads anywhere.
 */
const MORE_VALUE_KEYS: Readonly<Record<string, readonly string[]>> = {
  bedrock_mantle: ["aws_session_token"],
  portkey: ["provider_api_key", "portkey_config"],
  sagemaker: ["aws_session_token"],
};

/**
 * What becomes of a key of a value: `token` is a header or a part of one, as it is; so is `json`,
 * which may be JSON (Portkey's own configuration); a `document` has lines, and a program reads it.
 */
type ValueForm = "token" | "json" | "document";

const VALUE_FORMS: Readonly<Record<string, ValueForm>> = {
  oci_key: "document",
  portkey_config: "json",
  vertex_credentials: "document",
};

/** Providers that MLflow knows by two names. */
const ALIASES: Readonly<Record<string, string>> = {
  "amazon-bedrock": "bedrock",
  "databricks-model-serving": "databricks",
};

export interface Credentials {
  readonly provider: string;
  readonly auth_config?: Readonly<Record<string, string>> | undefined;
}

export function authModesOf(provider: string): Readonly<Record<string, AuthMode>> {
  return own(AUTH_MODES, own(ALIASES, provider) ?? provider) ?? { api_key: API_KEY };
}

/**
 * The keys of a value of which it is known that the provider takes them, whatever its mode. litellm
 * takes every key for an argument, before the settings: what is not listed here may be an address.
 */
export function valueKeysOf(provider: string): readonly string[] {
  const needed = Object.values(authModesOf(provider)).flatMap(({ value, instead = [] }) => [
    ...value,
    ...instead,
  ]);
  return [...new Set([...needed, ...(own(MORE_VALUE_KEYS, provider) ?? [])])];
}

export function formOf(key: string): ValueForm {
  return own(VALUE_FORMS, key) ?? "token";
}

/** The keys that provider and auth_mode need and that are not given; none where that is not known. */
export function keysLacking(credentials: Credentials, given: readonly string[]): readonly string[] {
  const { value, instead } = authModeOf(credentials) ?? { value: [] };
  const lackingOf = (keys: readonly string[]) => keys.filter((key) => !given.includes(key));
  const lacking = lackingOf(value);
  if (!instead || lacking.length === 0) return lacking;
  const lackingInstead = lackingOf(instead);
  const isBegun = lackingInstead.length < instead.length;
  return isBegun && lacking.length === value.length ? lackingInstead : lacking;
}

/** The stated mode, or the default of the provider. */
export function modeNameOf({ provider, auth_config }: Credentials): string {
  return auth_config?.auth_mode ?? Object.keys(authModesOf(provider))[0] ?? "api_key";
}

/** Undefined for a mode that MLflow does not list for the provider. */
export function authModeOf(credentials: Credentials): AuthMode | undefined {
  return own(authModesOf(credentials.provider), modeNameOf(credentials));
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
