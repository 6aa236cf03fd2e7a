import type { Reader } from "./read.ts";

/** How one field of an answer is read. */
export type Field<T> = (reader: Reader, name: string) => T;

type Fields = Readonly<Record<string, Field<unknown>>>;
type Read<F extends Fields> = { readonly [K in keyof F]: ReturnType<F[K]> };
type Optional<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];

/** Fields that may be absent are absent then, not undefined. */
export type Shaped<F extends Fields> = Omit<Read<F>, Optional<Read<F>>> & {
  readonly [K in Optional<Read<F>>]?: Exclude<Read<F>[K], undefined>;
};

/** Reads an object of an answer by its fields, and nothing else of it. */
export function shape<F extends Fields>(fields: F): (reader: Reader) => Shaped<F> {
  const entries = Object.entries(fields);
  return (reader) =>
    Object.fromEntries(
      entries
        .map(([name, read]) => [name, read(reader, name)] as const)
        .filter(([, value]) => value !== undefined),
    ) as Shaped<F>;
}

/** Of names of an enum, give the type of the names: `text<LinkageType>`. */
export function text<T extends string = string>(reader: Reader, name: string): T {
  return reader.text<T>(name);
}

export function textIfAny<T extends string = string>(reader: Reader, name: string): T | undefined {
  return reader.optionalText<T>(name);
}

export const number: Field<number> = (reader, name) => reader.number(name);
export const numberIfAny: Field<number | undefined> = (reader, name) => reader.optionalNumber(name);
export const flag: Field<boolean> = (reader, name) => reader.boolean(name);
export const flagIfAny: Field<boolean | undefined> = (reader, name) => reader.optionalBoolean(name);
export const idIfAny: Field<string | undefined> = (reader, name) => reader.optionalId(name);
export const texts: Field<string[]> = (reader, name) => reader.texts(name);
export const map: Field<Readonly<Record<string, string>>> = (reader, name) => reader.map(name);

export function object<T>(read: (reader: Reader) => T): Field<T> {
  return (reader, name) => reader.object(name, read);
}

export function objectIfAny<T>(read: (reader: Reader) => T): Field<T | undefined> {
  return (reader, name) => reader.optionalObject(name, read);
}

/** Empty when absent. */
export function list<T>(read: (reader: Reader) => T): Field<T[]> {
  return (reader, name) => reader.list(name, read);
}

/** What all resources carry; who wrote them is what their writers say of themselves. */
export const STAMPS = {
  created_at: number,
  last_updated_at: number,
  created_by: textIfAny,
  last_updated_by: textIfAny,
};
