import { GatewayResponseError } from "./errors.ts";
import { isObject, type JsonObject } from "./read.ts";

/** An object of an answer. */
export interface Source {
  readonly operation: string;
  /** Where in the answer; empty for the answer itself. */
  readonly path: string;
  readonly value: JsonObject;
}

/**
 * How one field of an answer is read, so that only known fields of the right type come through.
 * MLflow omits unset fields and empty lists, and leaves some unset texts empty. Throws
 * {@link GatewayResponseError}, naming the field, on anything else. Names of an enum are read as
 * they come: a newer server may use one that is not in our lists.
 */
export type Field<T> = (source: Source, name: string) => T;

type Fields = Readonly<Record<string, Field<unknown>>>;
type Read<F extends Fields> = { readonly [K in keyof F]: ReturnType<F[K]> };
type Optional<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];

/** Fields that may be absent are absent then, not undefined. */
export type Shaped<F extends Fields> = Omit<Read<F>, Optional<Read<F>>> & {
  readonly [K in Optional<Read<F>>]?: Exclude<Read<F>[K], undefined>;
};

export type Shape<T> = (source: Source) => T;

/** Reads an object by its fields, and nothing else of it. */
export function shape<F extends Fields>(fields: F): Shape<Shaped<F>> {
  const entries = Object.entries(fields);
  return (source) =>
    Object.fromEntries(
      entries
        .map(([name, read]) => [name, read(source, name)] as const)
        .filter(([, value]) => value !== undefined),
    ) as Shaped<F>;
}

/** The answer as a whole. */
export function readAnswer<T>(operation: string, value: JsonObject, read: Shape<T>): T {
  return read({ operation, path: "", value });
}

/** Of names of an enum, give the type of the names: `text<LinkageType>`. */
export function text<T extends string = string>(source: Source, name: string): T {
  return textIfAny<T>(source, name) ?? refuse(source, name, "a text");
}

export function textIfAny<T extends string = string>(source: Source, name: string): T | undefined {
  return scalar<T>(source, name, "string", "a text");
}

export const number: Field<number> = (source, name) =>
  numberIfAny(source, name) ?? refuse(source, name, "a number");

export const numberIfAny: Field<number | undefined> = (source, name) =>
  scalar(source, name, "number", "a number");

export const flag: Field<boolean> = (source, name) =>
  flagIfAny(source, name) ?? refuse(source, name, "true or false");

export const flagIfAny: Field<boolean | undefined> = (source, name) =>
  scalar(source, name, "boolean", "true or false");

/** An id that MLflow writes as a number in some places and as a text in others. */
export const idIfAny: Field<string | undefined> = (source, name) => {
  const { [name]: value } = source.value;
  return typeof value === "number" ? String(value) : textIfAny(source, name);
};

/** Text to text; empty when absent. */
export const map: Field<Readonly<Record<string, string>>> = (source, name) => {
  const value = source.value[name] ?? {};
  return isObject(value) && areTexts(Object.values(value))
    ? (value as Readonly<Record<string, string>>)
    : refuse(source, name, "an object of texts");
};

/** Empty when absent. */
export const texts: Field<string[]> = (source, name) => {
  const value = source.value[name] ?? [];
  return Array.isArray(value) && areTexts(value) ? value : refuse(source, name, "a list of texts");
};

export function object<T>(read: Shape<T>): Field<T> {
  return (source, name) => read(inside(source, pathOf(source, name), source.value[name]));
}

export function objectIfAny<T>(read: Shape<T>): Field<T | undefined> {
  const readObject = object(read);
  return (source, name) =>
    source.value[name] === undefined ? undefined : readObject(source, name);
}

/** Empty when absent. */
export function list<T>(read: Shape<T>): Field<T[]> {
  return (source, name) => {
    const items = source.value[name] ?? [];
    if (!Array.isArray(items)) return refuse(source, name, "a list");
    const path = pathOf(source, name);
    return items.map((item, index) => read(inside(source, `${path}[${index}]`, item)));
  };
}

/** What all resources carry; who wrote them is what their writers say of themselves. */
export const STAMPS = {
  created_at: number,
  last_updated_at: number,
  created_by: textIfAny,
  last_updated_by: textIfAny,
};

function scalar<T>(source: Source, name: string, type: string, wanted: string) {
  const { [name]: value } = source.value;
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === type ? (value as T) : refuse(source, name, wanted);
}

function areTexts(values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

function inside({ operation }: Source, path: string, value: unknown): Source {
  return isObject(value) ? { operation, path, value } : refuseAt(operation, path, "an object");
}

function pathOf({ path }: Source, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function refuse(source: Source, name: string, wanted: string): never {
  return refuseAt(source.operation, pathOf(source, name), wanted);
}

function refuseAt(operation: string, path: string, wanted: string): never {
  throw new GatewayResponseError(
    operation,
    `was answered with something unknown: ${path} is not ${wanted}`,
  );
}
