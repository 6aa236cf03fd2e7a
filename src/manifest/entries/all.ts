import type * as z from "zod";
import { perKind } from "#reconcile/kinds.ts";
import type { Kind } from "#reconcile/state.ts";
import { budget } from "./budget.ts";
import { endpoint } from "./endpoint.ts";
import type { EntryConverter, EntryKind } from "./entry.ts";
import { modelDefinition } from "./model-definition.ts";
import { secret } from "./secret.ts";

const ENTRY_KINDS = {
  secret,
  model_definition: modelDefinition,
  endpoint,
  budget,
} satisfies { readonly [K in Kind]: EntryKind<K, never> };

type Table = typeof ENTRY_KINDS;

/** A managed resource of a kind, as manifests declare it. */
export type EntryOf<K extends Kind> = Exclude<
  NonNullable<z.infer<Table[K]["schema"]>>[number],
  { readonly external: true }
>;

export const ENTRIES: {
  readonly [K in Kind]: EntryConverter<K, EntryOf<K>>;
} = ENTRY_KINDS;

/** The section of a manifest that declares resources of a kind. */
export const SECTIONS = perKind((kind) => ENTRY_KINDS[kind].section) as {
  readonly [K in Kind]: Table[K]["section"];
};

/** The sections of the language, by their keys. */
export const SECTION_SCHEMAS = Object.fromEntries(
  Object.values(ENTRY_KINDS).map(({ section, schema }) => [section, schema]),
) as { readonly [K in Kind as Table[K]["section"]]: Table[K]["schema"] };
