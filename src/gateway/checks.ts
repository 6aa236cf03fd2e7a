import { GatewayRequestError } from "./errors.ts";
import { isObject, type JsonObject } from "./read.ts";

/**
 * Checks before sending. The server drops a value that it cannot parse, and every field after it,
 * and still answers 200 (an empty secret gets stored that way): so nothing doubtful may leave.
 */
export interface Check {
  // biome-ignore lint/style/useShorthandFunctionType: extended below
  (value: unknown, field: string): Problem | undefined;
}

export interface Problem {
  readonly field: string;
  readonly allowed: string;
  /** The value in short; its type only where it may be secret. */
  readonly got: string;
}

export function wrong(field: string, allowed: string, got: string): Problem {
  return { field, allowed, got };
}

/** Throws {@link GatewayRequestError} with the first problem. */
export function checkRequest(operation: string, request: unknown, check: Check): void {
  const problem = check(request, "");
  if (!problem) return;
  const { field, allowed, got } = problem;
  throw new GatewayRequestError(
    `${operation}: ${field || "the request"} must be ${allowed}, got ${got}`,
  );
}

export interface TextRules {
  /** Characters; the columns of PostgreSQL and MySQL are bounded. @default 255 */
  readonly max?: number;
  /** @default 1 */
  readonly min?: number;
  readonly pattern?: RegExp;
}

/** A lone surrogate makes the server drop the field; PostgreSQL stores no NUL. */
const UNSENDABLE = /[\0\p{Surrogate}]/u;

export function text({ max = 255, min = 1, pattern }: TextRules = {}): Check {
  const allowed = `a text of ${min} to ${max} characters${pattern ? ` that fits ${pattern}` : ""}`;
  return (value, field) => {
    if (typeof value !== "string") return wrong(field, allowed, shown(value));
    const isFine = value.length >= min && value.length <= max && (pattern?.test(value) ?? true);
    if (!isFine) return wrong(field, allowed, shown(value));
    if (!UNSENDABLE.test(value)) return undefined;
    return wrong(field, "a text without NUL and lone surrogates", shown(value));
  };
}

export function oneOf(names: readonly string[]): Check {
  const allowed = names.length === 1 ? `${names[0]}` : `one of ${names.join(", ")}`;
  return (value, field) =>
    names.includes(value as string) ? undefined : wrong(field, allowed, shown(value));
}

export function numberFrom(min: number, max: number): Check {
  const allowed = `a number from ${min} to ${max}`;
  return (value, field) =>
    typeof value === "number" && value >= min && value <= max
      ? undefined
      : wrong(field, allowed, shown(value));
}

export const positiveNumber: Check = (value, field) =>
  typeof value === "number" && value > 0 && Number.isFinite(value)
    ? undefined
    : wrong(field, "a finite number above 0", shown(value));

export function integer(min: number, max: number): Check {
  const allowed = `an integer from ${min} to ${max}`;
  return (value, field) =>
    Number.isInteger(value) && numberFrom(min, max)(value, field) === undefined
      ? undefined
      : wrong(field, allowed, shown(value));
}

export const boolean: Check = (value, field) =>
  typeof value === "boolean" ? undefined : wrong(field, "true or false", shown(value));

/** Null must be written out: it says that the field shall be unset. */
export function optionallyNull(check: Check): Check {
  return (value, field) => {
    const problem = value === null ? undefined : check(value, field);
    return problem && { ...problem, allowed: `${problem.allowed}, or null` };
  };
}

/** An empty list would mean "unchanged" to the server. */
export function filledList(item: Check): Check {
  return (value, field) => {
    if (!Array.isArray(value) || value.length === 0) {
      return wrong(field, "a list with at least one element", shown(value));
    }
    return first(value, (element, index) => item(element, `${field}[${index}]`));
  };
}

/**
 * An object from any key to one kind of value, or its entries as a list of pairs; the server
 * refuses the reserved keys.
 */
export function map(value: Check, reserved: readonly string[]): Check {
  return (given, field) => {
    const entries = entriesOf(given);
    if (!entries) {
      const allowed = "an object, or a list of {key, value} pairs of different keys";
      return wrong(field, allowed, Array.isArray(given) ? "another list" : typeName(given));
    }
    return first(entries, ([key, item]) => {
      const path = `${field}.${key}`;
      if (key !== "" && !reserved.includes(key)) return value(item, path);
      return wrong(path, "under another key (this one is reserved)", "it");
    });
  };
}

/** Undefined when it is neither an object nor a list of `{key, value}` with different keys. */
export function entriesOf(given: unknown): [string, unknown][] | undefined {
  if (isObject(given)) return Object.entries(given);
  if (!Array.isArray(given) || !given.every(isPair)) return undefined;
  const keys = new Set(given.map(({ key }) => key));
  return keys.size === given.length ? given.map(({ key, value }) => [key, value]) : undefined;
}

function isPair(item: unknown): item is { readonly key: string; readonly value: unknown } {
  return (
    isObject(item) &&
    typeof item.key === "string" &&
    Object.keys(item).every((field) => field === "key" || field === "value")
  );
}

type Checks = Readonly<Record<string, Check>>;
type NoChecks = Readonly<Record<never, Check>>;

/** A check of an object, with the names of all fields that it may have. */
export interface FieldsCheck<Name extends string = string> extends Check {
  readonly names: readonly Name[];
}

export interface FieldRules<R extends Checks, O extends Checks> {
  readonly required?: R;
  readonly optional?: O;
  /** Rules about several fields at once; runs when each is fine by itself. */
  readonly together?: (fields: JsonObject, path: (field: string) => string) => Problem | undefined;
}

/** An object of known fields; the server would ignore an unknown (or camelCase) one silently. */
export function fields<R extends Checks = NoChecks, O extends Checks = NoChecks>({
  required,
  optional,
  together,
}: FieldRules<R, O>): FieldsCheck<Extract<keyof R | keyof O, string>> {
  const checks: Checks = { ...required, ...optional };
  const names = Object.keys(checks);
  const check: Check = (value, parent) => {
    if (!isObject(value)) return wrong(parent, "an object", typeName(value));
    const path = (field: string) => (parent === "" ? field : `${parent}.${field}`);
    const problem =
      first(Object.keys(required ?? {}), (field) =>
        value[field] === undefined ? wrong(path(field), "given", "nothing") : undefined,
      ) ??
      first(Object.entries(value), ([field, item]) => {
        const known = Object.hasOwn(checks, field) ? checks[field] : undefined;
        if (known) return item === undefined ? undefined : known(item, path(field));
        const allowed = `left out (known: ${names.join(", ")})`;
        return wrong(path(field), allowed, typeName(item));
      });
    return problem ?? together?.(value, path);
  };
  return Object.assign(check, { names: names as Extract<keyof R | keyof O, string>[] });
}

function first<T>(
  items: readonly T[],
  check: (item: T, index: number) => Problem | undefined,
): Problem | undefined {
  for (const [index, item] of items.entries()) {
    const problem = check(item, index);
    if (problem) return problem;
  }
  return undefined;
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
