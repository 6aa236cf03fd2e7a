import { partsOf, type ResourceKey } from "#reconcile/state.ts";
import type { Held } from "./declared.ts";
import { SECTIONS } from "./entries/all.ts";

/** What became of a file that declared something, as far as the files now tell. */
export type FileState = "invalid" | "silent" | "elsewhere";

/**
 * Why each resource stays as it is, and how to go on: which file declared it last, under which name,
 * and what to do there. `states` has the files that there are, by name.
 */
export function reasonsOf(
  held: Held,
  states: ReadonlyMap<string, FileState>,
): ReadonlyMap<ResourceKey, string> {
  const reasons = new Map<ResourceKey, string>();
  for (const [name, keys] of held) {
    for (const key of keys) {
      const section = SECTIONS[partsOf(key).kind];
      if (!reasons.has(key)) reasons.set(key, reasonOf(name, section, states));
    }
  }
  return reasons;
}

function reasonOf(name: string, section: string, states: ReadonlyMap<string, FileState>): string {
  switch (states.get(name)) {
    case "invalid":
      return `${name} declared it last and is invalid: mend that file`;
    case "silent":
      return `${name} declared it last and says nothing of ${section} any more: declare it there, or write "${section}: []" there to give it up`;
    case "elsewhere":
      return `${name} declared it last and speaks of another workspace now: declare it in a file of this workspace`;
    case undefined:
      return `${name} declared it last and is not among the files${likely(name, states)}: apply that file too, or declare it in another one; to give it up, apply a ${name} with "version: 1" and "${section}: []"`;
  }
}

/** A file that was called otherwise is most often one that was looked at from another folder. */
function likely(name: string, states: ReadonlyMap<string, FileState>): string {
  const base = baseOf(name);
  const other = [...states.keys()].find((candidate) => baseOf(candidate) === base);
  if (other === undefined) return "";
  const folder = folderBetween(name, other);
  const where = folder === undefined ? "" : ` ${folder},`;
  return ` (if ${other} is the same file, run from${where} the folder in which it is ${name})`;
}

/** Where one name is the other: the way there from the working folder; undefined if nobody can tell. */
function folderBetween(name: string, now: string): string | undefined {
  if (now.endsWith(`/${name}`)) return now.slice(0, -name.length);
  if (!name.endsWith(`/${now}`)) return undefined;
  const folders = name.slice(0, -now.length - 1).split("/");
  return folders.includes("..") ? undefined : folders.map(() => "../").join("");
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
