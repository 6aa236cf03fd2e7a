import type { Ledger, LedgerKind } from "#runtime/ledger.ts";
import { put, remove } from "#runtime/ledger.ts";
import { ledgerId } from "#runtime/ledger-limits.ts";
import { mapLimited } from "#runtime/limit.ts";
import { listOf } from "#runtime/list-of.ts";

/** The part of the tracking client that observing needs. */
export interface TrackingReader {
  readonly experiments: {
    /** Undefined when there is none; one that is deleted is found. */
    find(experiment: { readonly name: string }): Promise<Experiment | undefined>;
    get(experiment: { readonly experiment_id: string }): Promise<Experiment | undefined>;
  };
  readonly scorers: {
    /** The newest version of each. */
    list(of: { readonly experiment_id: string }): Promise<readonly Scorer[]>;
  };
  readonly grants: {
    /** Who may use which endpoint; undefined when that cannot be seen. */
    list(): Promise<readonly EndpointGrant[] | undefined>;
  };
}

export interface Experiment {
  readonly experiment_id: string;
  readonly name: string;
  readonly isDeleted: boolean;
}

export interface EndpointGrant {
  readonly endpoint_id: string;
  readonly permission: string;
  readonly holder: string;
}

interface Scorer {
  readonly scorer_id: string;
  readonly scorer_name: string;
  readonly scorer_version: number;
}

interface KnownExperiment {
  readonly name: string;
  readonly experiment_id: string;
}

/** Experiments that were looked up or made before, by `<workspace>/<name>`: they cost no request. */
const EXPERIMENTS: LedgerKind<KnownExperiment> = { name: "experiment", version: 1 };

/** Both ways between the names and the ids of experiments. */
export interface ExperimentNames {
  /** Of those that were asked for and exist. */
  readonly ids: ReadonlyMap<string, string>;
  /** Of all that are known. */
  readonly names: ReadonlyMap<string, string>;
  /** Of those that were asked for and are deleted, which keep their names. */
  readonly deleted: ReadonlyMap<string, string>;
  /** Ids that were asked for and are no experiment's. */
  readonly missing: ReadonlySet<string>;
}

export const NO_EXPERIMENTS: ExperimentNames = {
  ids: new Map(),
  names: new Map(),
  deleted: new Map(),
  missing: new Set(),
};

/** Where experiments are looked up, and whether what the ledger knows of them is believed. */
export interface ExperimentSource {
  readonly tracking: TrackingReader;
  readonly ledger: Ledger;
  readonly workspace: string;
  /** Else one request for each asks whether it was deleted or renamed since. */
  readonly isTrusted: boolean;
}

const LOOK_UP_CONCURRENCY = 4;

/** One request for each name that the ledger does not know. */
export async function experimentsByName(
  source: ExperimentSource,
  wanted: readonly string[],
): Promise<ExperimentNames> {
  const { tracking, ledger, workspace } = source;
  const known = await knownExperiments(ledger, workspace);
  const now = await changedSince(source, wanted, known);
  const unknown = [...new Set(wanted)].filter((name) => !known.has(name));
  const found = await mapLimited(unknown, LOOK_UP_CONCURRENCY, (name) =>
    tracking.experiments.find({ name }),
  );
  const deleted = new Map<string, string>();
  for (const experiment of found) {
    if (!experiment) continue;
    const { name, experiment_id, isDeleted } = experiment;
    (isDeleted ? deleted : known).set(name, experiment_id);
    if (!isDeleted) await rememberExperiment(ledger, workspace, experiment);
  }
  const asked = wanted.flatMap((name) => {
    const id = known.get(name);
    return id === undefined ? [] : [[name, id] as const];
  });
  const ids = new Map(asked);
  // A name that is asked for wins over another one that the same experiment had before.
  const names = new Map([...inverted(known), ...now, ...inverted(ids)]);
  return { ids, names, deleted, missing: new Set() };
}

/** Takes out of what is known, and of the ledger, what is not so any more; what it is called now. */
async function changedSince(
  { tracking, ledger, workspace, isTrusted }: ExperimentSource,
  wanted: readonly string[],
  known: Map<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const now = new Map<string, string>();
  const names = isTrusted ? [] : [...new Set(wanted)].filter((name) => known.has(name));
  await mapLimited(names, LOOK_UP_CONCURRENCY, async (name) => {
    const experiment_id = known.get(name) ?? "";
    const found = await tracking.experiments.get({ experiment_id });
    if (found && !found.isDeleted && found.name === name) return;
    known.delete(name);
    await forgetExperiment(ledger, workspace, name);
    if (found && !found.isDeleted) now.set(experiment_id, found.name);
  });
  return now;
}

/** One request for each id whose name the ledger does not know. */
export async function experimentsById(
  { tracking, ledger, workspace, isTrusted }: ExperimentSource,
  wanted: readonly string[],
): Promise<ExperimentNames> {
  const known = isTrusted ? await knownExperiments(ledger, workspace) : new Map<string, string>();
  const names = inverted(known);
  const unknown = [...new Set(wanted)].filter((id) => !names.has(id));
  const found = await mapLimited(unknown, LOOK_UP_CONCURRENCY, (experiment_id) =>
    tracking.experiments.get({ experiment_id }),
  );
  const deleted = new Map<string, string>();
  for (const experiment of found) {
    if (!experiment) continue;
    const { name, experiment_id, isDeleted } = experiment;
    if (!isDeleted) names.set(experiment_id, name);
    else {
      deleted.set(name, experiment_id);
      await forgetExperiment(ledger, workspace, name);
    }
  }
  const asked = wanted.flatMap((id) => {
    const name = names.get(id);
    return name === undefined ? [] : [[name, id] as const];
  });
  const there = new Set([...names.keys(), ...deleted.values()]);
  const missing = new Set(unknown.filter((id) => !there.has(id)));
  return { ids: new Map(asked), names, deleted, missing };
}

/** A run that was faster has written the same. */
export async function rememberExperiment(
  ledger: Ledger,
  workspace: string,
  { name, experiment_id }: { readonly name: string; readonly experiment_id: string },
): Promise<void> {
  const id = recordId(workspace, name);
  const record = await ledger.read(EXPERIMENTS, id);
  await ledger.commit([put(EXPERIMENTS, id, { name, experiment_id }, record)]);
}

/** So that the next run looks it up again. */
export async function forgetExperiment(
  ledger: Ledger,
  workspace: string,
  name: string,
): Promise<void> {
  const record = await ledger.read(EXPERIMENTS, recordId(workspace, name));
  if (record) await ledger.commit([remove(EXPERIMENTS, record)]);
}

async function knownExperiments(ledger: Ledger, workspace: string): Promise<Map<string, string>> {
  const prefix = `${workspace}/`;
  const records = await listOf(ledger, EXPERIMENTS, (id) => id.startsWith(prefix));
  return new Map(records.map(({ value: { name, experiment_id } }) => [name, experiment_id]));
}

function recordId(workspace: string, name: string): string {
  return ledgerId(`${workspace}/${name}`);
}

function inverted(idsByName: Iterable<readonly [string, string]>): Map<string, string> {
  return new Map([...idsByName].map(([name, id]) => [id, name]));
}
