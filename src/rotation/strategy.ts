import type { Deadline } from "#runtime/deadline.ts";
import type { Ledger } from "#runtime/ledger.ts";
import type { Redacted } from "#runtime/redacted.ts";
import type { Revocation } from "./revocation.ts";
import type { Rotation } from "./rotation.ts";
import type { VersionedSecret } from "./versioned-secrets.ts";

/** What a strategy is told of the rotation that it works in. */
export interface RotationContext {
  readonly rotation: Rotation;
  /** As it was when the step began, under the lease of the secret. */
  readonly secret: VersionedSecret;
  readonly deadline: Deadline;
  readonly ledger: Ledger;
}

/** What became of the credential that was used before. */
export interface Revoked {
  /** `unused`: nobody uses it any more, and only a person can end it where it was issued. */
  readonly outcome: "revoked" | "unused";
  readonly words: string;
}

/**
 * How one kind of secret is rotated. Everything may be repeated, and be the first thing that is ever
 * called: a process can be killed at each of its calls, and AWS repeats whole rotations.
 */
export interface RotationStrategy {
  /** The value that becomes AWSPENDING. Nothing is changed anywhere. */
  create(context: RotationContext): Promise<Redacted<string>>;
  /** Makes the new value valid where it is used. */
  set(context: RotationContext, pending: Redacted<string>): Promise<void>;
  /** Throws `RotationRefusedError` for a value that can never be used. */
  test(context: RotationContext, pending: Redacted<string>): Promise<void>;
  /** What can be said at once, before AWSCURRENT moves: the test may be long ago, or never was. */
  confirm(context: RotationContext, pending: Redacted<string>): Promise<void>;
  /** Takes away what only this rotation needed, be it finished or refused. */
  tidy(context: RotationContext, value: Redacted<string>): Promise<void>;
  /** Ends the former credential, or says that a person should. */
  revoke(context: RotationContext, revocation: Revocation): Promise<Revoked>;
}
