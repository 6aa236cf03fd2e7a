import { TRAITS } from "#reconcile/kinds.ts";
import type { ActualOf, ActualState, Kind } from "#reconcile/state.ts";
import { ENTRIES } from "./entries/all.ts";
import { namesOfBudgets } from "./entries/budget.ts";
import type { Exported, Exporting } from "./entries/entry.ts";

export interface ExportItem {
  readonly kind: Kind;
  readonly name: string;
  readonly entry?: Readonly<Record<string, unknown>> | undefined;
  /** Lines of a comment. */
  readonly note: readonly string[];
  /** It belongs to another owner, and matters only as far as something refers to it. */
  readonly isForeign: boolean;
}

/** Every resource as the manifest would declare it, those of other owners as external. */
export function itemsOf(actual: ActualState, owner: string | undefined): ExportItem[] {
  const names = {
    experiments: namesById(actual.experiments),
    deletedExperiments: namesById(actual.deletedExperiments),
  };
  const budgetNames = namesOfBudgets(actual);
  return actual.resources.map((resource): ExportItem => {
    const { kind } = resource;
    const name = budgetNames.get(resource.id) ?? resource.name;
    const isForeign =
      owner !== undefined && resource.owner !== undefined && resource.owner !== owner;
    if (isForeign) return { kind, name, entry: externalEntry(kind, name), note: [], isForeign };
    const unknown = resource.unknown_values ?? [];
    const { entry, note = [] } = exported(resource.kind, resource, { name, ...names });
    return {
      kind,
      name,
      entry: unknown.length > 0 ? undefined : entry,
      note: [...unknown, ...note],
      isForeign,
    };
  });
}

function namesById(idsByName: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...idsByName].map(([name, id]) => [id, name]));
}

function exported<K extends Kind>(kind: K, resource: ActualOf<K>, exporting: Exporting): Exported {
  return ENTRIES[kind].toEntry(resource, exporting);
}

/** As a resource that somebody else manages: undefined when it could not be found by its name. */
export function externalEntry(kind: Kind, name: string): ExportItem["entry"] {
  return TRAITS[kind].isNamed ? { name, external: true } : undefined;
}
