import type { Deadline } from "#runtime/deadline.ts";
import type { Ledger } from "#runtime/ledger.ts";
import type { Redacted } from "#runtime/redacted.ts";
import { RotationRefusedError, RotationSetupError, RotationUnprovenError } from "./errors.ts";
import type { Revocation } from "./revocation.ts";
import type { Revoked, RotationContext, RotationStrategy } from "./strategy.ts";
import {
  CANDIDATE,
  currentVersion,
  REJECTED,
  type VersionedSecrets,
  versionWith,
} from "./versioned-secrets.ts";

/** What the provider says of a value that is tried through the gateway. */
export interface Trial {
  readonly verdict: "proven" | "refused" | "inconclusive";
  /** One sentence, without the value. */
  readonly reason: string;
}

/** The gateway secrets that a stored secret feeds. */
interface FedSecrets {
  /** Throws for a value that none of them, or one of them, could use. */
  check(arn: string, value: Redacted<string>, ledger: Ledger): Promise<void>;
  try(
    arn: string,
    value: Redacted<string>,
    held: { readonly ledger: Ledger; readonly deadline: Deadline },
  ): Promise<Trial>;
}

interface Tools {
  readonly secrets: VersionedSecrets;
  readonly fed: FedSecrets;
}

/**
 * A key that a person got from its provider, and stored under the label GATEWAY_OPS_CANDIDATE: not
 * as AWSPENDING, with which Secrets Manager refuses to begin a rotation. It is checked, tried through
 * the gateway, and becomes AWSCURRENT; the push follows by the event.
 */
export class StaticKeyStrategy implements RotationStrategy {
  readonly #tools: Tools;

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  async create({ secret, ledger, deadline }: RotationContext): Promise<Redacted<string>> {
    const { secrets, fed } = this.#tools;
    const read = async (versionId: string | undefined) =>
      versionId === undefined ? undefined : secrets.read(secret.arn, versionId, deadline.signal);
    const candidate = await read(versionWith(secret, CANDIDATE));
    if (!candidate) {
      throw new RotationSetupError(
        `${secret.name} has no version with the label ${CANDIDATE}: store the new value under it (put-secret-value --version-stages ${CANDIDATE}), then start the rotation`,
      );
    }
    const isValueOf = async (versionId: string | undefined) =>
      (await read(versionId))?.reveal() === candidate.reveal();
    if (await isValueOf(currentVersion(secret))) {
      throw new RotationSetupError(
        `the value under ${CANDIDATE} of ${secret.name} is the one that is in use: store another`,
      );
    }
    if (await isValueOf(versionWith(secret, REJECTED))) {
      throw new RotationSetupError(
        `the value under ${CANDIDATE} of ${secret.name} was refused before: store another`,
      );
    }
    await fed.check(secret.arn, candidate, ledger);
    return candidate;
  }

  async set(): Promise<void> {
    // The provider made the key valid when it issued it.
  }

  async test(context: RotationContext, pending: Redacted<string>): Promise<void> {
    const { rotation, secret } = context;
    await this.confirm(context, pending);
    const { verdict, reason } = await this.#tools.fed.try(secret.arn, pending, context);
    if (verdict === "proven") return;
    if (verdict === "refused") {
      throw new RotationRefusedError(
        `the new value of ${secret.name} was tried and refused: ${reason}`,
      );
    }
    if (rotation.strategy === "static" && rotation.on_inconclusive === "proceed") return;
    throw new RotationUnprovenError(
      `nobody can tell whether the new value of ${secret.name} works: ${reason}`,
    );
  }

  async confirm({ secret, ledger }: RotationContext, pending: Redacted<string>): Promise<void> {
    await this.#tools.fed.check(secret.arn, pending, ledger);
  }

  /** A person may have stored the next candidate meanwhile: that one stays. */
  async tidy({ secret, deadline }: RotationContext, value: Redacted<string>): Promise<void> {
    const { secrets } = this.#tools;
    const from = versionWith(secret, CANDIDATE);
    if (from === undefined) return;
    const candidate = await secrets.read(secret.arn, from, deadline.signal);
    if (candidate?.reveal() !== value.reveal()) return;
    await secrets.moveLabel(secret.arn, { label: CANDIDATE, from }, deadline.signal);
  }

  async revoke({ secret }: RotationContext, revocation: Revocation): Promise<Revoked> {
    const since = new Date(revocation.rotated_at_ms).toISOString();
    return {
      outcome: "unused",
      words: `The former key of ${secret.name} (version ${revocation.former_version_id}) was replaced at ${since}, and no gateway uses it any more: revoke it at the provider now.`,
    };
  }
}
