import type { ManifestFinding } from "#manifest/types.ts";
import { groupBy } from "#runtime/group-by.ts";
import type { Ledger } from "#runtime/ledger.ts";
import { mapLimited } from "#runtime/limit.ts";
import { describeFor } from "#secrets/describe-for.ts";
import { type SecretReference, sourceId } from "#secrets/mapping.ts";
import { type SecretSource, SecretSourceError } from "#secrets/source.ts";

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
  /** Of sources that are missing or belong to somebody else, by file. */
  readonly findings: ReadonlyMap<string, readonly ManifestFinding[]>;
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
  const findings: { readonly file: string; readonly finding: ManifestFinding }[] = [];
  for (const { file, index, workspace, name, value_from } of uses) {
    const result = found.get(sourceId(value_from));
    if (typeof result === "string") {
      const known = versions.get(workspace) ?? new Map<string, string>();
      versions.set(workspace, known.set(name, result));
    } else if (result) {
      const path = ["secrets", index, "value_from", ...sourceField(value_from)];
      const finding = { rule: result.code, path, message: `cannot be used: ${result.message}` };
      findings.push({ file, finding });
    }
  }
  return {
    versions,
    findings: groupBy(
      findings,
      ({ file }) => file,
      ({ finding }) => finding,
    ),
  };
}

function sourceField(reference: SecretReference): string[] {
  return Object.keys(reference).filter((field) => field !== "keys");
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
