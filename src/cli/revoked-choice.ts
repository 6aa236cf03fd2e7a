import type { Ledger } from "#runtime/ledger.ts";
import { REVOKED_VERSIONS, type RevokedVersion } from "#secrets/revoked-version.ts";
import type { SecretStatus } from "#secrets/secret-status.ts";
import { UsageError } from "./usage-error.ts";

/** Which version of which source is meant. */
export interface Chosen extends Pick<RevokedVersion, "source_arn" | "version_id"> {
  /** Of a gateway secret that it feeds. */
  readonly name: string;
}

/** Secrets Manager: 32 to 64 characters; ours are `hmac:` and a digest. */
const VERSION_ID = /^[\w:-]{1,128}$/;

/**
 * The version that leaked is the one in use, unless somebody says otherwise: where AWSCURRENT is
 * another one already, the new one must not be taken for the old.
 */
export function chooseVersion(secrets: readonly SecretStatus[], asked: string | undefined): Chosen {
  const { name, pushed_version_id: held, current_version_id: current, ...rest } = single(secrets);
  const { source_arn } = rest;
  if (asked !== undefined) return { name, source_arn, version_id: checked(asked) };
  // Where nobody may look, what the gateway holds is in use.
  if (held !== undefined && [undefined, held].includes(current)) {
    return { name, source_arn, version_id: held };
  }
  if (held === undefined && current !== undefined) return { name, source_arn, version_id: current };
  throw new UsageError(
    `the gateway holds version ${held ?? "none"}, and AWSCURRENT is ${current ?? "unknown"}: say which of them is known to others, with --version`,
  );
}

/** The version that is revoked, if there is one only. */
export async function chooseRevoked(
  ledger: Ledger,
  secrets: readonly SecretStatus[],
  asked: string | undefined,
): Promise<Chosen> {
  const { name, source_arn } = single(secrets);
  const revoked = (await ledger.list(REVOKED_VERSIONS))
    .filter(({ value }) => value.source_arn === source_arn)
    .map(({ value }) => value.version_id);
  const version_id = asked ?? (revoked.length === 1 ? revoked[0] : undefined);
  if (version_id !== undefined && revoked.includes(version_id)) {
    return { name, source_arn, version_id };
  }
  throw new UsageError(
    revoked.length === 0
      ? `no version of ${source_arn} is revoked`
      : `say which version of ${source_arn} with --version: revoked are ${revoked.join(", ")}`,
  );
}

/** One source: a name may stand in several workspaces. */
function single(secrets: readonly SecretStatus[]): SecretStatus & { readonly source_arn: string } {
  const [first, ...others] = secrets;
  const { name = "", source_arn } = first ?? {};
  if (!first || source_arn === undefined) {
    throw new UsageError(`the secret ${name} has no source of which anything could be revoked`);
  }
  if (others.every((other) => other.source_arn === source_arn)) return { ...first, source_arn };
  const places = secrets.map(({ workspace }) => workspace).join(", ");
  throw new UsageError(
    `the secret ${name} is in several workspaces with different sources (${places}): say which with --workspace`,
  );
}

function checked(asked: string): string {
  if (VERSION_ID.test(asked)) return asked;
  throw new UsageError(`--version takes the id of a version, got "${asked}"`);
}
