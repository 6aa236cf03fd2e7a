import { GatewayResponseError } from "#gateway/errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import { element, inside, type Place } from "./place.ts";

/**
 * Reads one value of an answer, so that only known fields of the right type come through. MLflow
 * omits unset fields and empty lists, and leaves some unset texts empty. Throws
 * {@link GatewayResponseError}, naming the place, on anything else. Names of an enum are read as
 * they come: a newer server may use one that is not in our lists.
 */
export type Read<T> = (value: unknown, place: Place) => T;

/** Of names of an enum, give the type of the names: `text<LinkageType>`. */
export function text<T extends string = string>(value: unknown, place: Place): T {
  return textIfAny<T>(value, place) ?? refuse(place, "a text");
}

export function textIfAny<T extends string = string>(value: unknown, place: Place): T | undefined {
  return value === "" ? undefined : (ifAny("string", "a text")(value, place) as T | undefined);
}

export const textOrEmpty: Read<string> = (value, place) => textIfAny(value, place) ?? "";

export const numberIfAny = ifAny<number>("number", "a number");
export const flagIfAny = ifAny<boolean>("boolean", "true or false");

export const number: Read<number> = (value, place) =>
  numberIfAny(value, place) ?? refuse(place, "a number");

export const flag: Read<boolean> = (value, place) =>
  flagIfAny(value, place) ?? refuse(place, "true or false");

export const flagOrFalse: Read<boolean> = (value, place) => flagIfAny(value, place) ?? false;

/** An id that MLflow writes as a number in some places and as a text in others. */
export const idIfAny: Read<string | undefined> = (value, place) =>
  typeof value === "number" ? String(value) : textIfAny(value, place);

/** Text to text, empty ones too; empty when absent. */
export const map: Read<Readonly<Record<string, string>>> = (value, place) => {
  const given = value ?? {};
  if (!isObject(given) || !Object.values(given).every(isText)) {
    return refuse(place, "an object of texts");
  }
  return given as Readonly<Record<string, string>>;
};

/** From any key to one kind of value; names the object alone, as its keys are data. */
export function mapOf<T>(read: Read<T>): Read<Readonly<Record<string, T>>> {
  return (value, place) => {
    if (!isObject(value)) return refuse(place, "an object");
    const entries = Object.entries(value).map(([key, item]) => [key, read(item, place)]);
    return Object.fromEntries(entries);
  };
}

/** Empty when absent. */
export const texts: Read<string[]> = (value, place) => {
  const given = value ?? [];
  return Array.isArray(given) && given.every(isText) ? given : refuse(place, "a list of texts");
};

/** Empty when absent. */
export function list<T>(read: Read<T>): Read<T[]> {
  return (value, place) => {
    const given = value ?? [];
    if (!Array.isArray(given)) return refuse(place, "a list");
    return given.map((item, index) => read(item, element(place, index)));
  };
}

export function objectIfAny<T>(read: Read<T>): Read<T | undefined> {
  return (value, place) => (value == null ? undefined : read(value, place));
}

/** An object by its fields, and nothing else of it; an absent field is absent, not undefined. */
export function object<F extends Fields>(fields: F): Read<ObjectOf<F>> {
  return (value, place) => {
    if (!isObject(value)) return refuse(place, "an object");
    const entries = Object.entries(fields)
      .map(([name, read]) => [name, read(value[name], inside(place, name))])
      .filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries) as ObjectOf<F>;
  };
}

type Fields = Readonly<Record<string, Read<unknown>>>;
type Values<F extends Fields> = { readonly [K in keyof F]: ReturnType<F[K]> };
type OptionalKey<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];
type ObjectOf<F extends Fields> = Omit<Values<F>, OptionalKey<Values<F>>> & {
  readonly [K in OptionalKey<Values<F>>]?: Exclude<Values<F>[K], undefined>;
};

/** One field, where the rest of the object is of no interest. */
export function field<T>(name: string, read: Read<T>): Read<T> {
  return (value, place) => read((value as JsonObject)[name], inside(place, name));
}

/** One kind of resource, as answers hold it. */
export interface Kind<T> {
  /** Field of an answer that holds one. */
  readonly one: string;
  /** Field of an answer that holds a list of them. */
  readonly many: string;
  readonly read: Read<T>;
}

export function one<T>({ one: name, read }: Kind<T>): Read<T> {
  return field(name, read);
}

export function many<T>({ many: name, read }: Kind<T>): Read<T[]> {
  return field(name, list(read));
}

/** What all resources carry; who wrote them is what their writers say of themselves. */
export const STAMPS = {
  created_at: number,
  last_updated_at: number,
  created_by: textIfAny,
  last_updated_by: textIfAny,
};

function ifAny<T>(type: "string" | "number" | "boolean", wanted: string): Read<T | undefined> {
  return (value, place) => {
    if (value === undefined || value === null) return undefined;
    return typeof value === type ? (value as T) : refuse(place, wanted);
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function refuse({ operation, path }: Place, wanted: string): never {
  throw new GatewayResponseError(
    operation,
    `was answered with something unknown: ${path || "the answer"} is not ${wanted}`,
  );
}
