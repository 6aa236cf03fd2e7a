import { valueKeysOf } from "#hosts/auth-modes.ts";
import { settingOf } from "#hosts/settings.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { Redacted } from "#runtime/redacted.ts";

/** How a manifest names a value without holding it; `env` and `file` on the command line only. */
export type SecretReference = (
  | {
      /** Name or ARN in AWS Secrets Manager. */
      readonly secrets_manager: string;
    }
  | {
      /** Name of an environment variable. */
      readonly env: string;
    }
  | {
      /** Path of a file. */
      readonly file: string;
    }
) & {
  /** Key on the gateway to key in the stored JSON object. */
  readonly keys?: Readonly<Record<string, string>> | undefined;
};

/** The stored value does not have the shape that the manifest expects. Never shows the value. */
class SecretMappingError extends GatewayOpsError {
  override readonly name = "SecretMappingError";
  readonly code = "secret-mapping";
  readonly disposition = "reject";
}

/** MLflow's name for the key of a provider that needs a single one. */
const SINGLE_KEY = "api_key";

/** That of vertex_ai; what Google writes into it, now and formerly. */
const SERVICE_ACCOUNT = "vertex_credentials";
const TOKEN_URIS: readonly string[] = [
  "https://oauth2.googleapis.com/token",
  "https://accounts.google.com/o/oauth2/token",
];

/** How a source of secrets knows the value: the name in AWS, `env:NAME` or `file:PATH`. */
export function sourceId(reference: SecretReference): string {
  if ("secrets_manager" in reference) return reference.secrets_manager;
  return "env" in reference ? `env:${reference.env}` : `file:${reference.file}`;
}

/**
 * Picks the gateway's keys out of the stored value: those that the manifest names, a JSON object
 * whole, or a plain string as `api_key`. Throws {@link SecretMappingError} for a value that is empty,
 * lacks a named key, holds something other than text, or is taken whole and has a key of which it is
 * not known what the provider does with it. A name in the stored object may be a key itself, pasted
 * in the wrong place: none is shown but those that the manifest or the provider knows.
 */
export function mapSecretValue(
  stored: Redacted<string>,
  reference: SecretReference,
  provider: string,
): Readonly<Record<string, Redacted<string>>> {
  const source = sourceId(reference);
  const object = parseObject(source, stored.reveal());
  const keys = reference.keys ?? (object && wholeKeys(source, object, provider));
  if (!keys) return singleKey(source, stored.reveal().trim(), provider);
  if (!object) {
    throw new SecretMappingError(
      `${source} must be a JSON object, because the manifest picks keys of it; it is a plain text`,
    );
  }
  const mapped = Object.entries(keys).map(([gatewayKey, storedKey]) => {
    const value = Object.hasOwn(object, storedKey) ? object[storedKey] : undefined;
    if (typeof value === "string" && value !== "") {
      if (gatewayKey === SERVICE_ACCOUNT) requireGoogle(source, value);
      return [gatewayKey, new Redacted(value)] as const;
    }
    throw new SecretMappingError(
      value === undefined
        ? `${source} has no key "${storedKey}" for ${gatewayKey}; it has ${counted(Object.keys(object).length)}`
        : `${source} must hold a text that is not empty under "${storedKey}"`,
    );
  });
  if (mapped.length === 0) throw new SecretMappingError(`${source} is an empty JSON object`);
  return Object.fromEntries(mapped);
}

function singleKey(source: string, text: string, provider: string) {
  if (text === "") throw new SecretMappingError(`${source} is empty`);
  const known = valueKeysOf(provider);
  if (known.includes(SINGLE_KEY)) return { [SINGLE_KEY]: new Redacted(text) };
  throw new SecretMappingError(
    `${source} is a plain text, which would become ${SINGLE_KEY}: ${provider} takes ${known.join(", ")}, so store a JSON object`,
  );
}

/**
 * An address within a key: Google's library has itself a token given by the `token_uri` of a service
 * account. MLflow takes the path of a file on the server as well, which nobody else may choose.
 */
function requireGoogle(source: string, text: string): void {
  const { token_uri } = parseJson(text) ?? {};
  if (typeof token_uri === "string" && TOKEN_URIS.includes(token_uri)) return;
  throw new SecretMappingError(
    `${source} must hold the JSON of a Google service account as ${SERVICE_ACCOUNT}, with the token_uri ${TOKEN_URIS.join(" or ")}`,
  );
}

/** Each by its own name. What may be a setting must not pass for a secret: nobody would judge it. */
function wholeKeys(
  source: string,
  object: Record<string, unknown>,
  provider: string,
): Record<string, string> {
  const names = Object.keys(object);
  const known = valueKeysOf(provider);
  const foreign = names.filter((name) => !known.includes(name));
  if (foreign.length === 0) return Object.fromEntries(names.map((name) => [name, name]));
  const settings = foreign.filter((name) => settingOf(name));
  const hint = settings.length > 0 ? `; ${settings.join(", ")} goes into auth_config` : "";
  throw new SecretMappingError(
    `${source} is taken whole, but ${provider} is not known to take ${foreign.length} of its ${counted(names.length)}${hint}: leave only ${known.join(", ")} in it, or pick keys with value_from.keys`,
  );
}

function counted(keys: number): string {
  if (keys === 0) return "no key at all";
  return keys === 1 ? "1 key" : `${keys} keys`;
}

function parseObject(source: string, text: string): Record<string, unknown> | undefined {
  // `trim` takes a byte order mark away too, which some editors put before the brace.
  const json = text.trim();
  if (!json.startsWith("{")) return undefined;
  const object = parseJson(json);
  if (object) return object;
  throw new SecretMappingError(`${source} begins like a JSON object but cannot be read as one`);
}

/** Undefined for what is no JSON object. The parser's own message is dropped: it quotes the value. */
function parseJson(json: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === "object" && parsed ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}
