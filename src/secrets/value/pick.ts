import { type Container, isObject, kindOf } from "./document.ts";
import { SecretMappingError } from "./mapping-error.ts";

/** A `~` that stands for nothing. */
const WRONG_TILDE = /~(?![01])/;

/**
 * What the manifest names in the stored document: a key by its name or, where the name begins with
 * `/`, a place by its JSON Pointer (RFC 6901). Parts of a pointer are the manifest's own words:
 * messages show them, and nothing of what is stored.
 */
export function pick(
  source: string,
  document: Container,
  gatewayKey: string,
  storedKey: string,
): string {
  const parts = partsOf(source, storedKey);
  let value: unknown = document;
  for (const [index, part] of parts.entries()) {
    const place = storedKey.startsWith("/") ? placeOf(parts.slice(0, index)) : "";
    value = step(source, value, part, { place, gatewayKey });
  }
  return textAt(source, value, storedKey);
}

/** The text that is stored in a place; throws for what is none. */
export function textAt(source: string, value: unknown, storedKey: string): string {
  const text = typeof value === "string" ? value.trim() : undefined;
  if (text) return text;
  const instead = text === undefined ? `, not ${kindOf(value)}` : "";
  throw new SecretMappingError(
    `${source} must hold a text that is not empty under "${storedKey}"${instead}`,
  );
}

export function counted(count: number, noun = "key"): string {
  if (count === 0) return `no ${noun} at all`;
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

function partsOf(source: string, storedKey: string): string[] {
  if (!storedKey.startsWith("/")) return [storedKey];
  if (WRONG_TILDE.test(storedKey)) {
    throw new SecretMappingError(
      `${source}: ${storedKey} is no JSON Pointer: ~ is written ~0 there, and / within a name ~1`,
    );
  }
  const parts = storedKey.slice(1).split("/");
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function placeOf(parts: readonly string[]): string {
  const escaped = parts.map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1"));
  return escaped.map((part) => `/${part}`).join("");
}

interface Place {
  /** Pointer to what is looked into; empty for the whole document. */
  readonly place: string;
  readonly gatewayKey: string;
}

const INDEX = /^(?:0|[1-9]\d{0,8})$/;

function step(source: string, value: unknown, part: string, { place, gatewayKey }: Place): unknown {
  const at = place === "" ? "" : ` at ${place}`;
  if (Array.isArray(value)) {
    if (INDEX.test(part) && Number(part) < value.length) return value[Number(part)];
    throw new SecretMappingError(
      `${source} has no element "${part}"${at} for ${gatewayKey}; the list has ${counted(value.length, "element")}, counted from 0`,
    );
  }
  if (!isObject(value)) {
    throw new SecretMappingError(
      `${source} holds ${kindOf(value)}${at}, where an object or a list with "${part}" is needed for ${gatewayKey}`,
    );
  }
  if (Object.hasOwn(value, part)) return value[part];
  throw new SecretMappingError(
    `${source} has no key "${part}"${at} for ${gatewayKey}; it has ${counted(Object.keys(value).length)}`,
  );
}
