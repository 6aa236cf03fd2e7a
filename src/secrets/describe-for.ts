import type { Ledger } from "#runtime/ledger.ts";
import { requireAllowed } from "./revoked-version.ts";
import {
  OWNER_TAG,
  type SecretDescription,
  type SecretSource,
  SecretSourceError,
} from "./source.ts";

interface Looking {
  readonly source: SecretSource;
  /** Knows which versions were revoked. */
  readonly ledger: Ledger;
}

/**
 * Describes a source on behalf of an owner. Tenants do not trust each other: a manifest may read
 * only what is tagged with its owner, whatever the worker itself could read. And nobody may use a
 * version that was revoked.
 */
export async function describeFor(
  owner: string,
  { source, ledger }: Looking,
  nameOrArn: string,
  signal: AbortSignal,
): Promise<SecretDescription> {
  const description = await source.describe(nameOrArn, signal);
  const problem = ownerProblem(owner, description, nameOrArn);
  if (problem !== undefined) throw new SecretSourceError(problem);
  await requireAllowed(ledger, description);
  return description;
}

/** Why the manifests of an owner may not use a source; undefined when they may. */
export function ownerProblem(
  owner: string,
  found: SecretDescription,
  nameOrArn: string,
): string | undefined {
  if (found.owner === owner) return undefined;
  return found.owner === undefined
    ? `${nameOrArn} has no tag ${OWNER_TAG}: tag it with ${OWNER_TAG}=${owner} to let the manifests of "${owner}" use it`
    : `${nameOrArn} belongs to the owner "${found.owner}", not to "${owner}" (tag ${OWNER_TAG})`;
}
