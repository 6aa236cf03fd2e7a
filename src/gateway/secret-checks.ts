import { Redacted } from "#runtime/redacted.ts";
import {
  type Check,
  entriesOf,
  fields,
  map,
  type Problem,
  text,
  typeName,
  wrong,
} from "./checks.ts";
import { isObject } from "./read.ts";

const RESERVED_KEYS = ["base_url", "model_list", "fallbacks", "custom_llm_provider"];
/** Of these, some providers need no secret at all: then the map of values may be empty. */
const KEYLESS_AUTH_MODES: ReadonlySet<unknown> = new Set(["default_chain", "iam_role"]);
/** No provider's key comes near; a service account is about 2,400 characters of JSON. */
const SECRET_LENGTH_MAX = 65_536;

const secretText: Check = (value, field) => {
  const plain = isRevealable(value) ? value.reveal() : value;
  if (typeof plain !== "string") {
    return wrong(field, "a text, bare or redacted", typeName(plain));
  }
  const problem = text({ max: SECRET_LENGTH_MAX })(plain, field);
  return problem && { ...problem, got: plain === "" ? "an empty one" : "another one" };
};

function isRevealable(value: unknown): value is { reveal(): unknown } {
  return value instanceof Redacted || (isObject(value) && typeof value.reveal === "function");
}

const secretMap = map(secretText, [...RESERVED_KEYS, "api_base"]);
const authMap = map(text({ max: 5000 }), RESERVED_KEYS);

export const CREATE_SECRET = fields({
  required: { secret_name: text(), secret_value: secretMap },
  optional: { provider: text({ max: 64 }), auth_config: authMap, created_by: text() },
  together: ({ secret_value: value, auth_config: config }, path) => {
    const mode = entriesOf(config)?.find(([key]) => key === "auth_mode")?.[1];
    return sizeProblem(value, path("secret_value"), KEYLESS_AUTH_MODES.has(mode));
  },
});

export const UPDATE_SECRET = fields({
  required: { secret_id: text() },
  optional: { secret_value: secretMap, auth_config: authMap, updated_by: text() },
  // The server takes an empty map for an absent one and keeps the old value.
  together: ({ secret_value: value }, path) => sizeProblem(value, path("secret_value")),
});

/** The server keeps the masked values as one JSON text, in a column of this length. */
const MASKS_LENGTH_MAX = 500;
const LONGEST_MASK = "sk-...cdef";

function sizeProblem(value: unknown, field: string, isEmptyFine = false): Problem | undefined {
  const keys = entriesOf(value)?.map(([key]) => key);
  if (!keys) return undefined;
  if (keys.length === 0 && !isEmptyFine) {
    return wrong(field, "an object with at least one key", "an empty one");
  }
  const masks = Object.fromEntries(keys.map((key) => [key, `${LONGEST_MASK}  `]));
  if (JSON.stringify(masks).length <= MASKS_LENGTH_MAX) return undefined;
  return { field, allowed: "fewer or shorter keys (about 20 at most)", got: `${keys.length} keys` };
}

export const SECRET_REFERENCE = fields({
  optional: { secret_id: text(), secret_name: text() },
  together: ({ secret_id: id, secret_name: name }): Problem | undefined =>
    (id === undefined) === (name === undefined)
      ? wrong("", "either a secret_id or a secret_name", id ? "both" : "neither")
      : undefined,
});

export const SECRET_ID = fields({ required: { secret_id: text() } });
