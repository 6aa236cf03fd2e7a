import type { ManifestFinding } from "#manifest/types.ts";
import type { Plan } from "#reconcile/change.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { groupBy } from "#runtime/group-by.ts";
import type { Ledger } from "#runtime/ledger.ts";
import { mapLimited } from "#runtime/limit.ts";
import { describeFor } from "#secrets/describe-for.ts";
import { RevokedVersionError } from "#secrets/revoked-version.ts";
import { type SecretSource, SecretSourceError } from "#secrets/source.ts";
import { mapSecretValue } from "#secrets/value/map-value.ts";
import { type SecretReference, sourceId } from "#secrets/value/reference.ts";

/** A manifest secret that has a value to be looked up. */
export interface SourceUse {
  readonly file: string;
  /** Index in the section `secrets` of the file. */
  readonly index: number;
  readonly workspace: string;
  readonly name: string;
  readonly value_from: SecretReference;
}

export interface Sources {
  /** Version of the source that is current, by workspace, then by name of the secret. */
  readonly versions: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Of sources that are missing or belong to somebody else. */
  readonly faults: readonly SourceFault[];
}

/** Why a file cannot be applied although nothing in it is wrong. */
export interface SourceFault {
  readonly use: SourceUse;
  readonly finding: ManifestFinding;
  /** Whether it may pass with the same version: what the source lacks is given to it in its store. */
  readonly isForNow: boolean;
  /** Of which the content cannot be used; undefined where nothing was read. */
  readonly versionId?: string | undefined;
}

interface Looking {
  readonly source: SecretSource;
  readonly ledger: Ledger;
}

const DESCRIBES_IN_FLIGHT = 4;

/**
 * Looks up the source of every secret before the first write: one that is missing, or whose version
 * was revoked, must not leave half a manifest. Values are not read.
 */
export async function lookUpSources(
  owner: string,
  looking: Looking,
  uses: readonly SourceUse[],
  signal: AbortSignal,
): Promise<Sources> {
  const ids = [...new Set(uses.map(({ value_from }) => sourceId(value_from)))];
  const found = new Map<string, string | SecretSourceError>();
  await mapLimited(ids, DESCRIBES_IN_FLIGHT, async (id) => {
    found.set(id, await currentVersion(owner, looking, id, signal));
  });
  const versions = new Map<string, Map<string, string>>();
  const faults: SourceFault[] = [];
  for (const use of uses) {
    const { workspace, name, value_from } = use;
    const result = found.get(sourceId(value_from));
    if (typeof result === "string") {
      const known = versions.get(workspace) ?? new Map<string, string>();
      versions.set(workspace, known.set(name, result));
    } else if (result) faults.push(faultOf(use, result));
  }
  return { versions, faults };
}

/** A value that is to be written, and the version that the plan is for. */
export interface ValueUse extends SourceUse {
  readonly meant: Parameters<typeof mapSecretValue>[2];
  readonly versionId: string;
}

/** The values that a plan writes. */
export function valuesIn(
  { workspace, changes }: Pick<Plan, "workspace" | "changes">,
  uses: readonly SourceUse[],
): ValueUse[] {
  return changes.flatMap((change) => {
    if (change.action === "delete" || change.desired.kind !== "secret") return [];
    const { name, fields } = change.desired;
    const { source_version: versionId, provider, as_stored } = fields;
    const kept = change.action === "create" ? undefined : change.actual;
    const left = kept?.kind === "secret" ? kept.fields.auth_config : undefined;
    const meant = { provider, as_stored, auth_config: fields.auth_config ?? left };
    const use = uses.find((one) => one.workspace === workspace && one.name === name);
    return use && versionId !== undefined ? [{ ...use, meant, versionId }] : [];
  });
}

/**
 * Reads each value that is about to be written, and forgets it: one that cannot be used, or that
 * only the key of its encryption withholds, must not leave half a manifest either.
 */
export async function tryValues(
  owner: string,
  looking: Looking,
  uses: readonly ValueUse[],
  signal: AbortSignal,
): Promise<SourceFault[]> {
  const faults: SourceFault[] = [];
  await mapLimited(uses, DESCRIBES_IN_FLIGHT, async (use) => {
    const { value_from, meant, versionId } = use;
    try {
      const { arn } = await describeFor(owner, looking, sourceId(value_from), signal);
      mapSecretValue(await looking.source.fetch(arn, versionId, signal), value_from, meant);
    } catch (error) {
      if (!isOfSource(error)) throw error;
      faults.push(faultOf(use, error, versionId));
    }
  });
  return faults.sort((one, other) => one.use.index - other.use.index);
}

/** That the source cannot be asked now is no fault of it. */
function isOfSource(error: unknown): error is GatewayOpsError {
  if (error instanceof SecretSourceError) return true;
  return error instanceof GatewayOpsError && error.disposition === "reject";
}

function faultOf(use: SourceUse, error: GatewayOpsError, versionId?: string): SourceFault {
  const path = ["secrets", use.index, "value_from", ...sourceField(use.value_from)];
  const finding = { rule: error.code, path, message: `cannot be used: ${error.message}` };
  // A version that is revoked may be allowed again, or replaced.
  const isForNow = error.disposition === "retry" || error instanceof RevokedVersionError;
  return { use, finding, isForNow, versionId: isForNow ? undefined : versionId };
}

/** By file, as `OwnerFiles` takes them out. */
export function findingsIn(
  faults: readonly SourceFault[],
): ReadonlyMap<string, readonly ManifestFinding[]> {
  return groupBy(
    faults,
    ({ use }) => use.file,
    ({ finding }) => finding,
  );
}

function sourceField(reference: SecretReference): string[] {
  return ["secrets_manager", "env", "file"].filter((field) => field in reference);
}

async function currentVersion(
  owner: string,
  looking: Looking,
  id: string,
  signal: AbortSignal,
): Promise<string | SecretSourceError> {
  try {
    return (await describeFor(owner, looking, id, signal)).currentVersionId;
  } catch (error) {
    if (error instanceof SecretSourceError) return error;
    throw error;
  }
}
