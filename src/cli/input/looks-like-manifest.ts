import { SECTIONS } from "#manifest/entries/all.ts";
import { isManifestDocument, isPolicyDocument } from "#manifest/policy-document.ts";
import { readDocument } from "#manifest/read.ts";
import { manifestSchema } from "#manifest/schema.ts";
import { suggestion } from "#manifest/suggest.ts";

/** What a file that cannot be read must have for being meant as a manifest: a section at the margin. */
const SECTION_LINE = new RegExp(
  `^[{\\s]*["']?(?:${Object.keys(manifestSchema.shape).join("|")})["']?\\s*:`,
  "m",
);

/**
 * Whether a file of a folder is meant as a manifest: other tools keep YAML and JSON there, too. One
 * that is empty, or that cannot be read, is one rather than silently none; so is a policy, which is
 * told as what it is.
 */
export function looksLikeManifest(content: string | Uint8Array): boolean {
  const read = readDocument(content);
  if ("issue" in read) return SECTION_LINE.test(new TextDecoder().decode(content as Uint8Array));
  const { document } = read;
  if (document === null || document === undefined || isPolicyDocument(document)) return true;
  if (!Object.hasOwn(Object(document), "version")) return false;
  return (
    isManifestDocument(document) ||
    hasMisspelt(Object(document)) ||
    isEmptyManifest(Object(document))
  );
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
