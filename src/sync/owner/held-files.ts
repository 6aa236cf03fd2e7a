import type { ParseManifest } from "#manifest/types.ts";
import { keyOf } from "#reconcile/state.ts";
import { type Declaration, declarationsIn, isSame } from "#sync/history/declaration.ts";
import { type Hold, heldOff, holdsByFile, readHolds } from "#sync/history/hold.ts";
import { silentFile, stateHeldBy } from "#sync/history/rollback.ts";
import type { Snapshot } from "#sync/history/snapshot.ts";
import type { HistoryDependencies } from "#sync/history/snapshot-history.ts";
import { keptFile, type OwnerFile } from "#sync/owner-file.ts";

/** The files of an owner that may have gone back to an earlier state. */
export interface HeldFiles {
  /** As they are planned. */
  readonly files: readonly OwnerFile[];
  /** What the owner went back to and stays at. */
  readonly holds: readonly Hold[];
  /** Names of the files that are planned as they were gone back to, and not as they are. */
  readonly held: ReadonlySet<string>;
  /** Names of those that declare something else since: once that is applied nothing holds them. */
  readonly changed: ReadonlySet<string>;
  /** By workspace, the state whose names are given back to what the held files declare. */
  readonly states: ReadonlyMap<string, Pick<Snapshot, "owned">>;
}

export function withoutHolds(files: readonly OwnerFile[]): HeldFiles {
  return { files, holds: [], held: new Set(), changed: new Set(), states: new Map() };
}

/**
 * Puts what an owner went back to in the place of what was rolled back. A file that is no manifest
 * stands as it is: it is rejected, and ends nothing.
 */
export async function heldFiles(
  dependencies: HistoryDependencies & { readonly parse?: ParseManifest | undefined },
  { owner, files, workspace }: OwnersFiles,
  last: ReadonlyMap<string, Snapshot>,
): Promise<HeldFiles> {
  const holds = await readHolds(dependencies.ledger, owner);
  if (holds.length === 0) return withoutHolds(files);
  const states = new Map<Hold, Snapshot | undefined>();
  for (const hold of holds) {
    const state = await stateHeldBy(dependencies, hold);
    states.set(hold, state ?? last.get(hold.workspace));
  }
  const byFile = holdsByFile(holds);
  const concerned = files.flatMap(({ name }) => {
    const hold = byFile.get(name);
    return hold ? [{ name, hold, kept: fileIn(states.get(hold), name, hold.workspace) }] : [];
  });
  const names = new Set(concerned.map(({ name }) => name));
  const reading = { parse: dependencies.parse, workspace };
  const now = await declarationsIn(
    files.filter(({ name }) => names.has(name)),
    reading,
  );
  const then = await declarationsIn(
    concerned.map(({ kept }) => kept),
    reading,
  );
  const valid = concerned.filter(({ name }) => now.has(name));
  const isOneOf = (name: string, digests: Declaration | undefined) =>
    isSame(now.get(name) ?? [], digests);
  const held = new Map(
    valid
      .filter(({ name, hold }) => isOneOf(name, heldOff(hold, name)))
      .map(({ name, kept }) => [name, kept]),
  );
  const changed = valid.filter(({ name }) => !held.has(name) && !isOneOf(name, then.get(name)));
  return {
    files: files.map((file) => held.get(file.name) ?? file),
    holds,
    held: new Set(held.keys()),
    changed: new Set(changed.map(({ name }) => name)),
    states: new Map(
      [...states].flatMap(([{ workspace }, state]) =>
        state ? [[workspace, ofFiles(state, held)] as const] : [],
      ),
    ),
  };
}

interface OwnersFiles {
  readonly owner: string;
  readonly files: readonly OwnerFile[];
  /** Of files that name none. */
  readonly workspace?: string | undefined;
}

/** What other files declare may be called otherwise by now. */
function ofFiles(
  { files, owned }: Snapshot,
  held: ReadonlyMap<string, OwnerFile>,
): Pick<Snapshot, "owned"> {
  const own = files.filter(({ name }) => held.has(name)).flatMap(({ declares }) => declares);
  const keys = new Set(own);
  return { owned: owned.filter((resource) => keys.has(keyOf(resource))) };
}

/** A file that the state did not have says nothing: what it made stays as it is. */
function fileIn(state: Snapshot | undefined, name: string, workspace: string): OwnerFile {
  const former = state?.files.find((file) => file.name === name);
  return former ? keptFile(former) : silentFile(name, workspace);
}
