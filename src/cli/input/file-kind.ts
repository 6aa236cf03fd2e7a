import { SECTIONS } from "#manifest/entries/all.ts";
import { isManifestDocument, isPolicyDocument } from "#manifest/policy-document.ts";
import { readDocument } from "#manifest/read.ts";
import { manifestSchema } from "#manifest/schema.ts";
import { suggestion } from "#manifest/suggest.ts";
import type { OwnerFile } from "#sync/owner-file.ts";

type Content = OwnerFile["content"];

/** A larger file is told by its lines: to read it takes memory that only its check is bounded in. */
const READ_BYTES_MAX = 100 * 1024;

const POLICY_NAME = /(^|\/)policy\.(ya?ml|json)$/i;

const OWNERS_LINE = keyLine(["owners"]);
/** What a file that cannot be read must have for being meant as a manifest: a section at the margin. */
const SECTION_LINE = keyLine(Object.keys(manifestSchema.shape));

/** The pattern of a line that begins with one of the keys, in YAML or in JSON. */
function keyLine(keys: readonly string[]): RegExp {
  return new RegExp(`^[{ \\t]*["']?(?:${keys.join("|")})["']?[ \\t]*:`, "m");
}

/** Whether a file is meant to be a policy: by what it holds, else by its name. */
export function isPolicyFile({ name, content }: OwnerFile): boolean {
  const document = documentOf(content);
  if (document) return isPolicyDocument(document.value) || isPolicyName(name, document.value);
  const text = textOf(content);
  return OWNERS_LINE.test(text) && !SECTION_LINE.test(text);
}

function isPolicyName(name: string, document: unknown): boolean {
  return POLICY_NAME.test(name) && !isManifestDocument(document);
}

/**
 * Whether a file of a folder is meant as a manifest: other tools keep YAML and JSON there, too. One
 * that is empty, or that cannot be read, is one rather than silently none; so is a policy, which is
 * told as what it is.
 */
export function looksLikeManifest(content: Content): boolean {
  const read = documentOf(content);
  if (!read) return SECTION_LINE.test(textOf(content));
  const document = read.value;
  if (document === null || document === undefined || isPolicyDocument(document)) return true;
  if (!Object.hasOwn(Object(document), "version")) return false;
  return (
    isManifestDocument(document) ||
    hasMisspelt(Object(document)) ||
    isEmptyManifest(Object(document))
  );
}

/** Undefined for a file that is large, or that cannot be read. */
function documentOf(content: Content): { readonly value: unknown } | undefined {
  if (content.length > READ_BYTES_MAX) return undefined;
  const read = readDocument(content);
  return "issue" in read ? undefined : { value: read.document };
}

function textOf(content: Content): string {
  return typeof content === "string" ? content : new TextDecoder().decode(content);
}

function hasMisspelt(document: object): boolean {
  return Object.keys(document).some((key) => suggestion(key, Object.values(SECTIONS)) !== "");
}

/** Such as what is left when everything was taken out. */
function isEmptyManifest(document: object): boolean {
  const { version } = document as { version?: unknown };
  if (typeof version !== "number") return false;
  return Object.keys(document).every((key) => Object.hasOwn(manifestSchema.shape, key));
}
