import type { Redacted } from "#runtime/redacted.ts";
import { requireAllowed } from "#secrets/revoked-version.ts";
import { RotationRefusedError, RotationSetupError, RotationUnprovenError } from "./errors.ts";
import type { FedSecrets } from "./fed-secrets.ts";
import type { Revocation } from "./revocation.ts";
import type { Revoked, RotationContext, RotationStrategy } from "./strategy.ts";
import {
  CANDIDATE,
  currentVersion,
  REJECTED,
  type VersionedSecrets,
  versionWith,
} from "./versioned-secrets.ts";

interface Tools {
  readonly secrets: VersionedSecrets;
  readonly fed: Pick<FedSecrets, "check" | "try">;
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
    const offered = versionWith(secret, CANDIDATE);
    const candidate = await read(offered);
    if (offered === undefined || !candidate) {
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
    await requireAllowed(ledger, { arn: secret.arn, currentVersionId: offered });
    await fed.check(ledger, secret.arn, candidate);
    return candidate;
  }

  async set(): Promise<void> {
    // The provider made the key valid when it issued it.
  }

  async test(context: RotationContext, pending: Redacted<string>): Promise<void> {
    const { rotation, secret, ledger, deadline } = context;
    const { fed } = this.#tools;
    const { verdict, reason } = await fed.try(ledger, secret.arn, pending, deadline);
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
    await this.#tools.fed.check(ledger, secret.arn, pending);
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
