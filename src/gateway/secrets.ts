import { Redacted } from "#runtime/redacted.ts";
import type { Caller } from "./caller.ts";
import { type Check, checkRequest, fields, map, type Problem, text, typeName } from "./checks.ts";
import { verifyEcho } from "./echo.ts";
import { defined, isObject, type JsonObject, Reader } from "./read.ts";
import type { CreateSecret, Secret, SecretValue, UpdateSecret } from "./types.ts";

/** Provider keys. The server stores them encrypted and never gives a value back. */
export class SecretOperations {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * Stores a new secret. Its name is unique per workspace (`gateway-already-exists`) and, like the
   * provider, final.
   */
  async create(request: CreateSecret): Promise<Secret> {
    checkRequest("createSecret", request, CREATE_SECRET);
    return await this.#write("createSecret", request);
  }

  /**
   * Replaces the whole value, the whole `auth_config`, or both; what is absent stays, but
   * `last_updated_by` is erased without `updated_by`. Live traffic follows when the server's
   * cache lapses: after 60 s by default, at most 300 s.
   */
  async update(request: UpdateSecret): Promise<Secret> {
    checkRequest("updateSecret", request, UPDATE_SECRET);
    return await this.#write("updateSecret", request);
  }

  /** All secrets that the user may see; MLflow leaves out others silently. */
  async list(filter: { readonly provider?: string } = {}): Promise<Secret[]> {
    checkRequest("listSecrets", filter, fields({ optional: { provider: text() } }));
    const answer = await this.#caller.call("listSecrets", { query: filter });
    return new Reader("listSecrets", answer).list("secrets", readSecret);
  }

  async #write(
    operation: "createSecret" | "updateSecret",
    request: CreateSecret | UpdateSecret,
  ): Promise<Secret> {
    const secretValue = request.secret_value && reveal(request.secret_value);
    const wanted = { ...request, ...(secretValue && { secret_value: secretValue }) };
    const answer = await this.#caller.call(operation, {
      body: { ...wanted, ...(isCleared(request) && { auth_config: CLEARED_AUTH_CONFIG }) },
      secretValues: Object.values(secretValue ?? {}),
    });
    const secret = new Reader(operation, answer).object("secret", readSecret);
    verifyEcho(operation, wanted, answer.secret as JsonObject);
    return secret;
  }
}

function readSecret(reader: Reader): Secret {
  return defined({
    secret_id: reader.text("secret_id"),
    secret_name: reader.text("secret_name"),
    masked_values: reader.map("masked_values"),
    auth_config: reader.map("auth_config"),
    provider: reader.optionalText("provider"),
    created_at: reader.number("created_at"),
    last_updated_at: reader.number("last_updated_at"),
    created_by: reader.optionalText("created_by"),
    last_updated_by: reader.optionalText("last_updated_by"),
  });
}

function reveal(value: SecretValue): Record<string, string> {
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    typeof item === "string" ? item : item.reveal(),
  ]);
  return Object.fromEntries(entries);
}

/** The server takes an empty map for an absent one, but stores nothing of an empty `api_base`. */
const CLEARED_AUTH_CONFIG = { api_base: "" };

function isCleared(request: CreateSecret | UpdateSecret): boolean {
  return request.auth_config !== undefined && Object.keys(request.auth_config).length === 0;
}

const RESERVED_KEYS = ["base_url", "model_list", "fallbacks", "custom_llm_provider"];
/** Of these, some providers need no secret at all: then the map of values may be empty. */
const KEYLESS_AUTH_MODES: ReadonlySet<unknown> = new Set(["default_chain", "iam_role"]);
/** No provider's key comes near; a service account is about 2,400 characters of JSON. */
const SECRET_LENGTH_MAX = 65_536;

const secretText: Check = (value, field) => {
  const plain = isRevealable(value) ? value.reveal() : value;
  if (typeof plain !== "string") {
    return { field, allowed: "a text, bare or redacted", got: typeName(plain) };
  }
  const problem = text({ max: SECRET_LENGTH_MAX })(plain, field);
  return problem && { ...problem, got: plain === "" ? "an empty one" : "another one" };
};

function isRevealable(value: unknown): value is { reveal(): unknown } {
  return value instanceof Redacted || (isObject(value) && typeof value.reveal === "function");
}

const secretMap = map(secretText, [...RESERVED_KEYS, "api_base"]);
const authMap = map(text({ max: 5000 }), RESERVED_KEYS);

const CREATE_SECRET = fields({
  required: { secret_name: text(), secret_value: secretMap },
  optional: { provider: text({ max: 64 }), auth_config: authMap, created_by: text() },
  together: ({ secret_value: value, auth_config: config }, path) => {
    const isKeyless = isObject(config) && KEYLESS_AUTH_MODES.has(config.auth_mode);
    return isKeyless ? undefined : emptyProblem(value, path("secret_value"));
  },
});

const UPDATE_SECRET = fields({
  required: { secret_id: text() },
  optional: { secret_value: secretMap, auth_config: authMap, updated_by: text() },
  // The server takes an empty map for an absent one and keeps the old value.
  together: ({ secret_value: value }, path) => emptyProblem(value, path("secret_value")),
});

function emptyProblem(value: unknown, field: string): Problem | undefined {
  if (!isObject(value) || Object.keys(value).length > 0) return undefined;
  return { field, allowed: "an object with at least one key", got: "an empty one" };
}
