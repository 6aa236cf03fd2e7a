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

/** How a source of secrets knows the value: the name in AWS, `env:NAME` or `file:PATH`. */
export function sourceId(reference: SecretReference): string {
  if ("secrets_manager" in reference) return reference.secrets_manager;
  return "env" in reference ? `env:${reference.env}` : `file:${reference.file}`;
}

/**
 * Picks the gateway's keys out of the stored value: the named keys of a JSON object, a JSON
 * object whole, or a plain string as `api_key`. Throws {@link SecretMappingError} for a value that
 * is empty, lacks a named key or holds something other than text.
 */
export function mapSecretValue(
  stored: Redacted<string>,
  reference: SecretReference,
): Readonly<Record<string, Redacted<string>>> {
  const source = sourceId(reference);
  const object = parseObject(source, stored.reveal());
  const keys = reference.keys ?? (object ? identity(Object.keys(object)) : undefined);
  if (!keys) {
    if (stored.reveal().trim() === "") throw new SecretMappingError(`${source} is empty`);
    return { [SINGLE_KEY]: new Redacted(stored.reveal().trim()) };
  }
  if (!object) {
    throw new SecretMappingError(
      `${source} must be a JSON object, because the manifest picks keys of it; it is a plain text`,
    );
  }
  const mapped = Object.entries(keys).map(([gatewayKey, storedKey]) => {
    const value = Object.hasOwn(object, storedKey) ? object[storedKey] : undefined;
    if (typeof value === "string" && value !== "")
      return [gatewayKey, new Redacted(value)] as const;
    const found = Object.keys(object).join(", ") || "no key at all";
    throw new SecretMappingError(
      value === undefined
        ? `${source} has no key "${storedKey}" for ${gatewayKey}; it has ${found}`
        : `${source} must hold a text that is not empty under "${storedKey}"`,
    );
  });
  if (mapped.length === 0) throw new SecretMappingError(`${source} is an empty JSON object`);
  return Object.fromEntries(mapped);
}

function parseObject(source: string, text: string): Record<string, unknown> | undefined {
  // `trim` takes a byte order mark away too, which some editors put before the brace.
  const json = text.trim();
  if (!json.startsWith("{")) return undefined;
  const object = parseJson(json);
  if (object) return object;
  throw new SecretMappingError(`${source} begins like a JSON object but cannot be read as one`);
}

/** The parser's own message is dropped: it quotes the value. */
function parseJson(json: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function identity(keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(keys.map((key) => [key, key]));
}
