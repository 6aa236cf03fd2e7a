import { PausedError, pauseOf, readPauses } from "#runtime/pause.ts";
import { MANAGED_SECRETS } from "./managed-secret.ts";
import { patiently } from "./patiently.ts";
import { type PushDependencies, type PushResult, pushRecordedSecret } from "./push.ts";
import { pushedMessage } from "./push-messages.ts";

/**
 * Writes AWSCURRENT to a managed secret whether the gateway seems to hold it or not: after a restored
 * database or a lost encryption key nobody can see what it holds. Waits for a push that is under way.
 * Undefined when the secret was deleted meanwhile. Throws {@link PausedError} while its owner is
 * paused, and whatever a push throws. `isTold` is false where nobody reads messages.
 */
export async function pushByHand(
  dependencies: PushDependencies,
  id: string,
  isTold: boolean,
): Promise<PushResult | undefined> {
  const { ledger } = dependencies;
  const record = await ledger.read(MANAGED_SECRETS, id);
  if (!record) return undefined;
  const pause = pauseOf(await readPauses(ledger), "secrets", record.value.target.owner);
  if (pause) throw new PausedError(pause);
  const announce = (result: PushResult) => pushedMessage(record.value, result);
  const options = { isAnew: true, announce: isTold ? announce : undefined };
  return patiently(dependencies, () => pushRecordedSecret(dependencies, id, options));
}
