import {
  boolean,
  type Check,
  either,
  fields,
  refuse,
  text,
  textOf,
  typeName,
} from "#gateway/call/checks.ts";
import { isObject } from "#gateway/call/json.ts";
import { inside, type Place } from "#gateway/call/place.ts";

const RESERVED_KEYS = ["base_url", "model_list", "fallbacks", "custom_llm_provider"];
/** Of these, some providers need no secret at all: then the map of values may be empty. */
const KEYLESS_AUTH_MODES: readonly unknown[] = ["default_chain", "iam_role"];

const secretText = textOf({
  /** No provider's key comes near; a service account is about 2,400 characters of JSON. */
  max: 65_536,
  show: (value) => (value === "" ? "an empty one" : "another one"),
});

const secretValue: Check = (value, place) => {
  const plain = isRevealable(value) ? value.reveal() : value;
  if (typeof plain !== "string") refuse(place, "a text, bare or redacted", typeName(plain));
  secretText(plain, place);
};

/** Of any copy of the library: `instanceof` would know only our own. */
function isRevealable(value: unknown): value is { reveal(): unknown } {
  return isObject(value) && typeof value.reveal === "function";
}

/**
 * An object from any key to one kind of value, or its entries as a list of pairs; the server
 * refuses the reserved keys.
 */
function map(check: Check, reserved: readonly string[]): Check {
  return (given, place) => {
    const allowed = "an object, or a list of {key, value} pairs of different keys";
    const got = Array.isArray(given) ? "another list" : kindOf(given);
    for (const [key, value] of entriesOf(given) ?? refuse(place, allowed, got)) {
      const item = inside(place, key);
      if (key === "" || reserved.includes(key)) {
        refuse(item, "under another key (this one is reserved)", "it");
      }
      check(value, item);
    }
  };
}

/** Undefined when it is neither an object nor a list of `{key, value}` with different keys. */
export function entriesOf(given: unknown): [string, unknown][] | undefined {
  if (isObject(given)) return isWrapping(given) ? undefined : Object.entries(given);
  if (!Array.isArray(given) || !given.every(isPair)) return undefined;
  const keys = new Set(given.map(({ key }) => key));
  return keys.size === given.length ? given.map(({ key, value }) => [key, value]) : undefined;
}

/** Such as a `Map`, or a map that is redacted as a whole: sent as JSON it would be `{}`. */
function isWrapping(given: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(given);
  // An object literal's own is the last of its chain, in every realm.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return !isPlain && Object.keys(given).length === 0;
}

function kindOf(given: unknown): string {
  if (isRevealable(given)) return "one that is redacted as a whole: redact each value in it";
  return isObject(given) ? `a ${given.constructor?.name || "strange object"}` : typeName(given);
}

function isPair(item: unknown): item is { readonly key: string; readonly value: unknown } {
  return (
    isObject(item) &&
    typeof item.key === "string" &&
    Object.keys(item).every((field) => field === "key" || field === "value")
  );
}

const values = map(secretValue, [...RESERVED_KEYS, "api_base"]);
/** The server keeps an empty one. */
const settings = map(textOf({ min: 0, max: 5000 }), RESERVED_KEYS);

export const CREATE_SECRET = fields(
  { secret_name: text, secret_value: values },
  { provider: textOf({ max: 64 }), auth_config: settings, created_by: text },
  ({ secret_value, auth_config }, place) => {
    const mode = entriesOf(auth_config)?.find(([key]) => key === "auth_mode")?.[1];
    checkSize(secret_value, place, KEYLESS_AUTH_MODES.includes(mode));
  },
);

export const UPDATE_SECRET = fields(
  { secret_id: text },
  { secret_value: values, auth_config: settings, updated_by: text },
  // The server takes an empty map for an absent one and keeps the old value.
  ({ secret_value }, place) => checkSize(secret_value, place, secret_value === undefined),
);

/** The server keeps the masked values as one JSON text, in a column of this length. */
const MASKS_LENGTH_MAX = 500;
const LONGEST_MASK = "sk-...cdef  ";

function checkSize(value: unknown, request: Place, isEmptyFine: boolean): void {
  const place = inside(request, "secret_value");
  const keys = entriesOf(value ?? {})?.map(([key]) => key) ?? [];
  if (keys.length === 0 && !isEmptyFine) {
    refuse(place, "an object with at least one key", "an empty one");
  }
  const masks = Object.fromEntries(keys.map((key) => [key, LONGEST_MASK]));
  if (JSON.stringify(masks).length > MASKS_LENGTH_MAX) {
    refuse(place, "fewer or shorter keys (about 20 at most)", `${keys.length} keys`);
  }
}

export const SECRET_REFERENCE = either("secret_id", "secret_name");

export const DELETE_SECRET = fields({ secret_id: text }, { force: boolean });
