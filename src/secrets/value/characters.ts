import { SecretMappingError } from "./mapping-error.ts";

/** What people paste without seeing it, by its name. */
const NAMES: Readonly<Record<number, string>> = {
  9: "a tab",
  10: "a line end",
  13: "a line end",
  160: "a no-break space",
  173: "a soft hyphen",
  8203: "a zero width space",
  8204: "a zero width non-joiner",
  8205: "a zero width joiner",
  8211: "a long dash",
  8212: "a long dash",
  8216: "a typographic quote",
  8217: "a typographic quote",
  8220: "a typographic quote",
  8221: "a typographic quote",
  8226: "a bullet",
  8230: "an ellipsis",
  8288: "a word joiner",
  65279: "a byte order mark",
};

/** Of a header: httpx, by which litellm calls, encodes headers as ASCII; HTTP has no control characters. */
const NOT_IN_HEADER = /[^\x20-\x7e]/u;
/** Of a document of several lines: what no program shows or writes. */
const NOT_IN_DOCUMENT = /[^\P{C}\t\r\n]|[\u{ad}\u{2028}\u{2029}]/u;

/**
 * Refuses characters by place and name. One that is shown is no part of a key that works, and the
 * first of them alone is.
 */
export function requireHeader(source: string, gatewayKey: string, text: string): void {
  requireNone(NOT_IN_HEADER, "which no header can carry", { source, gatewayKey, text });
}

export function requireDocument(source: string, gatewayKey: string, text: string): void {
  requireNone(NOT_IN_DOCUMENT, "which no document holds", { source, gatewayKey, text });
}

interface Checked {
  readonly source: string;
  readonly gatewayKey: string;
  readonly text: string;
}

function requireNone(pattern: RegExp, why: string, { source, gatewayKey, text }: Checked): void {
  const found = pattern.exec(text);
  if (!found) return;
  const place = [...text.slice(0, found.index)].length + 1;
  throw new SecretMappingError(
    `${source}: ${gatewayKey} has ${nameOf(found[0])} as its character ${place}, ${why}: store it without`,
  );
}

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const name =
    NAMES[code] ??
    (code < 32 || (code > 126 && code < 160)
      ? "a control character"
      : "a character that is not ASCII");
  return `${name} (U+${code.toString(16).toUpperCase().padStart(4, "0")})`;
}
