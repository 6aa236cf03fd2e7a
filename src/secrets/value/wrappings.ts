import { parseJson } from "./document.ts";
import { SecretMappingError } from "./mapping-error.ts";
import { VALUE_WRAPPED } from "./reference.ts";

interface Wrapping {
  /** What the value is, and what to store. */
  readonly said: string;
  readonly isSo: (text: string) => boolean;
}

/**
 * What people paste around a key or in place of one, the first that fits counts. Keys that exist
 * pass: base64 ends in `=`, JWTs have single dots, keys of Azure are hex, some hold a colon. Every
 * pattern is linear.
 */
const WRAPPINGS: readonly Wrapping[] = [
  {
    said: "is a JSON object written as a JSON text: store the object itself",
    isSo: (text) => text.startsWith('"') && /^\s*\{/.test(String(parseJson(text) ?? "")),
  },
  { said: "is in double quotes: store what is between them", isSo: enclosed('"', '"') },
  { said: "is in single quotes: store what is between them", isSo: enclosed("'", "'") },
  { said: "is in backticks: store what is between them", isSo: enclosed("`", "`") },
  {
    said: "is a placeholder: store the key itself",
    isSo: isPlaceholder,
  },
  { said: "is in angle brackets: store what is between them", isSo: enclosed("<", ">") },
  { said: "is a JSON list: store the key alone", isSo: enclosed("[", "]") },
  { said: "is a JSON object: store the key alone", isSo: enclosed("{", "}") },
  {
    said: "is masked: store the whole key",
    isSo: anyOf(/\.{3}/, /\*{3}/, /^\*+$/, /\u2026|\u2022{3}/),
  },
  {
    said: "begins with the name of a login scheme: store only what follows it",
    isSo: anyOf(/^(?:Bearer|Basic|Token|ApiKey|Api-Key)\s/i),
  },
  {
    said: "is a line of a header or of YAML: store only what follows the colon",
    isSo: anyOf(/^["']?[A-Za-z][\w.-]{0,60}["']?:\s/),
  },
  {
    said: "is an assignment: store only what follows the equals sign",
    isSo: anyOf(
      /^(?:export|set|setx|declare|let|const|var|env)\s/i,
      /^\$env:/i,
      /^[A-Z_][A-Z0-9_.]{1,60}\s*=(?!=*$)/,
      /^[\w.-]{0,60}(?:key|token|secret|password|credentials)\s*=(?!=*$)/i,
    ),
  },
  { said: "is an option of a command: store only its value", isSo: anyOf(/^--?[a-z][\w-]*[\s=]/i) },
  {
    said: "is the address of something: store the key itself",
    isSo: anyOf(/^[a-z][a-z0-9+.-]{1,20}:\/\//i, /^arn:aws[\w-]*:/),
  },
  {
    said: "ends in a semicolon or comma: store the key without it",
    isSo: anyOf(/[;,]$/),
  },
  {
    said: "ends in a line end that is written out: store the key without it",
    isSo: anyOf(/\\[nrt]?$/),
  },
  { said: "has a blank within: store one key alone", isSo: anyOf(/ /) },
];

/** Refuses what looks like a key in something, or like none at all. */
export function requireUnwrapped(source: string, gatewayKey: string, text: string): void {
  const wrapping = WRAPPINGS.find(({ isSo }) => isSo(text));
  if (!wrapping) return;
  throw new SecretMappingError(
    `${source}: ${gatewayKey} ${wrapping.said}. If the key does look so, list ${VALUE_WRAPPED} under lint.disable in the manifest`,
  );
}

/** Nobody makes up a longer one; the patterns are tried on no more. */
const PLACEHOLDER_LENGTH_MAX = 120;

const PLACEHOLDERS: readonly RegExp[] = [
  // Words without a digit that say what is to be done.
  /^[[<]?(?:sk[-_])?(?:your|insert|enter|paste|replace|change[-_ ]?(?:me|it|this))[a-z_ -]*[\]>]?$/i,
  /^[[<]?(?:place[-_ ]?holder|to[-_ ]?do|tbd|fix[-_ ]?me|redacted|hidden|masked)[\]>]?$/i,
  // The name of a key, such as OPENAI_API_KEY.
  /^(?:my[-_ ])?(?:[a-z]{2,20}[-_ ])?(?:api|secret|access)[-_ ]?(?:key|token)$/i,
  // What programs make of nothing.
  /^(?:undefined|null|nil|NaN|None|\[object \w+\])$/,
  // sk-xxxx
  /^(?:[a-z]{2,8}[-_])*x{3,}(?:[-_]x{3,})*$/i,
  // What tools put values in place of.
  /^(?:\$\{.*\}|\$\(.*\)|\{\{.*\}\}|#\{.*\}|<%.*%>|\$[A-Z_][A-Z0-9_]*|%[A-Za-z_]\w*%)$/s,
];

function isPlaceholder(text: string): boolean {
  if (text.length > PLACEHOLDER_LENGTH_MAX) return false;
  return PLACEHOLDERS.some((pattern) => pattern.test(text));
}

function enclosed(begin: string, end: string): Wrapping["isSo"] {
  return (text) => text.length > 1 && text.startsWith(begin) && text.endsWith(end);
}

function anyOf(...patterns: readonly RegExp[]): Wrapping["isSo"] {
  return (text) => patterns.some((pattern) => pattern.test(text));
}
