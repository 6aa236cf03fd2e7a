import { inspect } from "node:util";

const MASK = "[redacted]";

/**
 * A secret value that cannot be printed by accident: every conversion shows `[redacted]`.
 * `reveal()` is the only way out, so that each use can be found by searching for it.
 */
export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.toPrimitive](): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

/** The text of a secret that may be redacted. */
export function plain(value: string | { reveal(): string }): string {
  return typeof value === "string" ? value : value.reveal();
}
