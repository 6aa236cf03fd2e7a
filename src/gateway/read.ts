import { GatewayResponseError } from "./errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `undefined` for a text that is not JSON; the parser's own error would quote the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The objects of a list as they came; a list that is absent or malformed is empty. */
export function rawList(answer: JsonObject, field: string): JsonObject[] {
  const list = answer[field];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/**
 * Reads the fields of an answer by name, so that only known fields of the right type come
 * through. MLflow omits unset fields and empty lists, and leaves some unset texts empty.
 * Throws {@link GatewayResponseError}, naming the field, on anything else. Names of an enum are
 * read as they come: a newer server may use one that is not in our lists.
 */
export class Reader {
  readonly #operation: string;
  readonly #path: string;
  readonly #fields: JsonObject;

  constructor(operation: string, value: unknown, path = "") {
    this.#operation = operation;
    this.#path = path;
    this.#fields = isObject(value) ? value : this.#refuse(path, "an object");
  }

  text<T extends string = string>(field: string): T {
    return this.optionalText<T>(field) ?? this.#refuse(this.#name(field), "a text");
  }

  optionalText<T extends string = string>(field: string): T | undefined {
    const value = this.#fields[field];
    if (value === undefined || value === null || value === "") return undefined;
    return typeof value === "string" ? (value as T) : this.#refuse(this.#name(field), "a text");
  }

  number(field: string): number {
    return this.optionalNumber(field) ?? this.#refuse(this.#name(field), "a number");
  }

  optionalNumber(field: string): number | undefined {
    const value = this.#fields[field];
    if (value === undefined || value === null) return undefined;
    return typeof value === "number" ? value : this.#refuse(this.#name(field), "a number");
  }

  /** An id that MLflow writes as a number in some places and as a text in others. */
  optionalId(field: string): string | undefined {
    const value = this.#fields[field];
    return typeof value === "number" ? String(value) : this.optionalText(field);
  }

  optionalBoolean(field: string): boolean | undefined {
    const value = this.#fields[field];
    if (value === undefined || value === null) return undefined;
    return typeof value === "boolean" ? value : this.#refuse(this.#name(field), "true or false");
  }

  boolean(field: string): boolean {
    return this.optionalBoolean(field) ?? this.#refuse(this.#name(field), "true or false");
  }

  /** Text to text; empty when absent. */
  map(field: string): Readonly<Record<string, string>> {
    const value = this.#fields[field] ?? {};
    if (isObject(value) && Object.values(value).every((item) => typeof item === "string")) {
      return value as Readonly<Record<string, string>>;
    }
    return this.#refuse(this.#name(field), "an object of texts");
  }

  /** Empty when absent. */
  texts(field: string): string[] {
    const value = this.#fields[field] ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    return this.#refuse(this.#name(field), "a list of texts");
  }

  object<T>(field: string, read: (reader: Reader) => T): T {
    return read(this.#reader(this.#fields[field], this.#name(field)));
  }

  optionalObject<T>(field: string, read: (reader: Reader) => T): T | undefined {
    return this.#fields[field] === undefined ? undefined : this.object(field, read);
  }

  /** Empty when absent. */
  list<T>(field: string, read: (reader: Reader) => T): T[] {
    const value = this.#fields[field] ?? [];
    if (!Array.isArray(value)) return this.#refuse(this.#name(field), "a list");
    return value.map((item, index) => read(this.#reader(item, `${this.#name(field)}[${index}]`)));
  }

  #reader(value: unknown, path: string): Reader {
    return new Reader(this.#operation, value, path);
  }

  #name(field: string): string {
    return this.#path === "" ? field : `${this.#path}.${field}`;
  }

  #refuse(path: string, wanted: string): never {
    throw new GatewayResponseError(
      this.#operation,
      `was answered with something unknown: ${path || "the answer"} is not ${wanted}`,
    );
  }
}

type WithoutUndefined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The same object without the fields that are undefined. */
export function defined<T extends object>(fields: T): WithoutUndefined<T> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as WithoutUndefined<T>;
}
