import type { Backend } from "#cli/backend.ts";
import { renewSyncLease } from "#sync/sync.ts";

/** Well before the lease of 6 minutes lapses. */
const RENEW_EVERY_MS = 60_000;

interface LeaseKeeper {
  /** To be called every now and then while work goes on. */
  readonly keep: () => void;
  /** Whether another run may write by now: no further change may be begun. */
  readonly isLost: () => boolean;
}

/** Renews the lease of work that lasts longer than a worker may: ten thousand polite writes do. */
export function leaseKeeper(dependencies: Backend["dependencies"]): LeaseKeeper {
  let renewedMs = dependencies.clock.nowMs();
  let isLost = false;
  return {
    keep: () => {
      const nowMs = dependencies.clock.nowMs();
      if (nowMs - renewedMs < RENEW_EVERY_MS) return;
      renewedMs = nowMs;
      renewSyncLease(dependencies).then(
        (isHeld) => {
          isLost ||= !isHeld;
        },
        () => {
          isLost = true;
        },
      );
    },
    isLost: () => isLost,
  };
}
