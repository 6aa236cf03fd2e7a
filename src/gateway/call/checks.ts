import { GatewayRequestError } from "#gateway/errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import { element, inside, type Place, whole } from "./place.ts";

/**
 * Checks before sending. The server drops a value that it cannot parse, and every field after it,
 * and still answers 200 (an empty secret gets stored that way): so nothing doubtful may leave.
 * Throws {@link GatewayRequestError} with the first problem.
 */
export type Check = (value: unknown, place: Place) => void;
type Checks = Readonly<Record<string, Check>>;

export function checkRequest(operation: string, request: unknown, check: Check): void {
  check(request, whole(operation));
}

/** `got` is the value in short; its type only where it may be secret. */
export function refuse({ operation, path }: Place, allowed: string, got: string): never {
  throw new GatewayRequestError(
    `${operation}: ${path || "the request"} must be ${allowed}, got ${got}`,
  );
}

function rule(allowed: string, isFine: (value: unknown) => boolean, show = shown): Check {
  return (value, place) => {
    if (!isFine(value)) refuse(place, allowed, show(value));
  };
}

interface TextRules {
  /** Characters; the columns of PostgreSQL and MySQL are bounded. @default 255 */
  readonly max?: number;
  /** @default 1 */
  readonly min?: number;
  readonly pattern?: RegExp;
  readonly show?: ((value: unknown) => string) | undefined;
}

/** A lone surrogate makes the server drop the field; PostgreSQL stores no NUL. */
const UNSENDABLE = /[\0\p{Surrogate}]/u;

export function textOf({ max = 255, min = 1, pattern, show }: TextRules): Check {
  const allowed = `a text of ${min} to ${max} characters${pattern ? ` that fits ${pattern}` : ""}`;
  const fits = (value: unknown) =>
    typeof value === "string" && isWithin(value.length, min, max) && (pattern?.test(value) ?? true);
  const checkSize = rule(allowed, fits, show);
  const isSendable = (value: unknown) => !UNSENDABLE.test(String(value));
  const checkSendable = rule("a text without NUL and lone surrogates", isSendable, show);
  return (value, place) => {
    checkSize(value, place);
    checkSendable(value, place);
  };
}

export const text = textOf({});

export function oneOf(names: readonly string[]): Check {
  const allowed = names.length === 1 ? `${names[0]}` : `one of ${names.join(", ")}`;
  return rule(allowed, (value) => names.includes(value as string));
}

export function numberFrom(min: number, max: number): Check {
  return rule(`a number from ${min} to ${max}`, (value) => isWithin(value, min, max));
}

export const positiveNumber = rule(
  "a finite number above 0",
  (value) => value !== 0 && isWithin(value, 0, Number.MAX_VALUE),
);

export function integer(min: number, max: number): Check {
  return rule(
    `an integer from ${min} to ${max}`,
    (value) => Number.isInteger(value) && isWithin(value, min, max),
  );
}

const INT32_MAX = 2 ** 31 - 1;
export const positiveInt32 = integer(1, INT32_MAX);
export const int32 = integer(-INT32_MAX, INT32_MAX);

function isWithin(value: unknown, min: number, max: number): boolean {
  return typeof value === "number" && value >= min && value <= max;
}

export const boolean = rule("true or false", (value) => typeof value === "boolean");

/** An empty list would mean "unchanged" to the server. */
export function filledList(item: Check): Check {
  return (value, place) => {
    if (!Array.isArray(value) || value.length === 0) {
      return refuse(place, "a list with at least one element", shown(value));
    }
    for (const [index, each] of value.entries()) item(each, element(place, index));
  };
}

/** An object of known fields; the server would ignore an unknown (or camelCase) one silently. */
export function fields(
  required: Checks,
  optional: Checks = {},
  /** Rules about several fields at once; runs when each is fine by itself. */
  together?: (values: JsonObject, place: Place) => void,
): Check {
  const checks = new Map(Object.entries({ ...required, ...optional }));
  const unknown: Check = (value, place) =>
    refuse(place, `left out (known: ${[...checks.keys()].join(", ")})`, typeName(value));
  return (value, place) => {
    if (!isObject(value)) return refuse(place, "an object", typeName(value));
    const missing = Object.keys(required).find((field) => value[field] === undefined);
    if (missing) refuse(inside(place, missing), "given", "nothing");
    for (const [field, item] of Object.entries(value)) {
      const check = checks.get(field) ?? unknown;
      if (item !== undefined || check === unknown) check(item, inside(place, field));
    }
    together?.(value, place);
  };
}

export const NO_FIELDS = fields({});
export const PROVIDER_FILTER = fields({}, { provider: text });

/** One of two ways to name a resource, not both. */
export function either(first: string, second: string): Check {
  return fields({}, { [first]: text, [second]: text }, (values, place) => {
    const given = [first, second].filter((field) => values[field] !== undefined);
    const got = given.length === 0 ? "neither" : "both";
    if (given.length !== 1) refuse(place, `either ${first} or ${second}`, got);
  });
}

const SHOWN_LENGTH_MAX = 60;

function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return typeName(value);
  const cut = value.length > SHOWN_LENGTH_MAX ? `${value.slice(0, SHOWN_LENGTH_MAX)}...` : value;
  return JSON.stringify(cut);
}

/** What a value is, without showing any of it. */
export function typeName(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
