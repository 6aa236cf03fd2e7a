import type { Redacted } from "#runtime/redacted.ts";
import { RotationSetupError } from "./errors.ts";

/** The staging labels that rotation reads and moves: three of AWS, three of ours. */
export const CURRENT = "AWSCURRENT";
export const PENDING = "AWSPENDING";
export const PREVIOUS = "AWSPREVIOUS";
/** What a person stored to be rotated to (`static`). */
export const CANDIDATE = "GATEWAY_OPS_CANDIDATE";
/** The login of the user whose turn is next, once its former password is dead (`mlflow-user`). */
export const IDLE = "GATEWAY_OPS_IDLE";
/** A version that its test refused, or that could not be pushed: nobody pushes it. */
export const REJECTED = "GATEWAY_OPS_REJECTED";

/** The value of this tag names the strategy by which the secret may be rotated. */
export const ROTATION_TAG = "gateway-ops:rotation";

/** A stored secret with the labels of its versions, without any value. */
export interface VersionedSecret {
  readonly arn: string;
  readonly name: string;
  /** Whether Secrets Manager rotates it. */
  readonly isRotating: boolean;
  /** Of the tag `gateway-ops:owner`. */
  readonly owner?: string | undefined;
  /** Of the tag {@link ROTATION_TAG}. */
  readonly strategy?: string | undefined;
  /** Labels by version id; versions without a label are left out, as AWS forgets them. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
}

export interface LabelMove {
  readonly label: string;
  /** Undefined: it is taken away. */
  readonly to?: string | undefined;
  /** Where it is now: AWS refuses a move from anywhere else. */
  readonly from?: string | undefined;
}

/** AWS Secrets Manager as a rotation function sees it; what is asked ends with the signal. */
export interface VersionedSecrets {
  /** Throws `SecretSourceError` when there is no such secret, or it may not be read. */
  describe(nameOrArn: string, signal: AbortSignal): Promise<VersionedSecret>;
  /** Undefined while the version has no value: Secrets Manager begins a rotation with an empty one. */
  read(arn: string, versionId: string, signal: AbortSignal): Promise<Redacted<string> | undefined>;
  /**
   * Makes the value of a version, with labels that no other version has; AWSCURRENT stays where it
   * is. False when the version has another value already, which stays.
   */
  store(
    arn: string,
    version: { readonly id: string; readonly value: Redacted<string>; readonly labels: string[] },
    signal: AbortSignal,
  ): Promise<boolean>;
  /** When AWSCURRENT moves, AWSPREVIOUS goes to the version that it leaves. */
  moveLabel(arn: string, move: LabelMove, signal: AbortSignal): Promise<void>;
}

export function versionWith(secret: VersionedSecret, label: string): string | undefined {
  return [...secret.versions].find(([, labels]) => labels.includes(label))?.[0];
}

/** The version that everybody uses. */
export function currentVersion(secret: VersionedSecret): string {
  const current = versionWith(secret, CURRENT);
  if (current !== undefined) return current;
  throw new RotationSetupError(`${secret.name} has no version with the label ${CURRENT}`);
}
