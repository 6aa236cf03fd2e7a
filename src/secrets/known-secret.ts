import type { Secret } from "#gateway/types.ts";
import { type Disposition, GatewayOpsError } from "#runtime/errors.ts";
import { isSameMap, type ManagedSecret, type SecretTarget } from "./managed-secret.ts";

/** A gateway secret as a plan saw it, or as the push before left it. */
export interface KnownSecret {
  readonly secret_id: string;
  readonly auth_config?: Readonly<Record<string, string>> | undefined;
}

/** What is meant, and what becomes of the push when the gateway has something else. */
export interface Meant {
  /** Undefined: nothing of the name is there. */
  readonly known: KnownSecret | undefined;
  /** `retry`: a new plan shows it. `reject`: only config sync may take over what it finds. */
  readonly disposition: Disposition;
}

/** What has the name on the gateway is not what is meant, or not as it was: nothing is written. */
class SecretChangedError extends GatewayOpsError {
  override readonly name = "SecretChangedError";
  readonly code = "secret-changed";
  readonly disposition: Disposition;

  constructor(message: string, disposition: Disposition) {
    super(message);
    this.disposition = disposition;
  }
}

const APPLY =
  "Put its manifest again, or run gwops apply: the plan shows what is there now, and takes it over";

/** What a push that no plan asked for may write: what config sync wrote before, and no other. */
export function meantBy({ target, pushed }: ManagedSecret): Meant {
  if (pushed) return { known: pushed, disposition: "reject" };
  throw new SecretChangedError(
    `the gateway secret ${target.name} was not written by config sync yet, so that nobody knows which one is meant. ${APPLY}`,
    "reject",
  );
}

/**
 * Names are no identity: what was deleted and made again is somebody else's. And a key goes only
 * where a plan showed that it goes: with the settings that it left there, or is to write.
 */
export function requireMeant(
  target: SecretTarget,
  actual: Secret | undefined,
  { known, disposition }: Meant,
): void {
  const difference = differenceOf(target, actual, known);
  if (difference === undefined) return;
  const end = disposition === "reject" ? APPLY : "A new plan shows it";
  throw new SecretChangedError(
    `the gateway secret ${target.name} ${difference}. ${end}`,
    disposition,
  );
}

function differenceOf(
  { auth_config }: SecretTarget,
  actual: Secret | undefined,
  known: KnownSecret | undefined,
): string | undefined {
  if (!known) return actual && `is there already (${actual.secret_id}), and was not before`;
  if (!actual)
    return `(${known.secret_id}) is gone from the gateway, and is not made again unasked`;
  if (actual.secret_id !== known.secret_id) {
    return `is ${actual.secret_id} now, which somebody made in place of ${known.secret_id}: it is not overwritten`;
  }
  const { auth_config: found = {} } = actual;
  if (isSameMap(found, known.auth_config ?? {}) || isSameMap(found, auth_config ?? {})) {
    return undefined;
  }
  const names = differing(found, known.auth_config ?? {}).join(", ");
  return `(${known.secret_id}) has other settings than it was left with (${names}): a new key is not sent where no plan said that it goes`;
}

function differing(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => one[name] !== other[name]).sort();
}
