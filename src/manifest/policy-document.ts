import { SECTIONS } from "./entries/all.ts";

/** What no manifest has. */
export function isPolicyDocument(document: unknown): boolean {
  return Object.hasOwn(Object(document), "owners");
}

/** What no policy has. */
export function isManifestDocument(document: unknown): boolean {
  return Object.values(SECTIONS).some((section) => Object.hasOwn(Object(document), section));
}
