import type { AlertKind, Reading } from "./alert-kind.ts";
import { percentNumber, spentLines, windowEnd } from "./words.ts";

declare module "./alert-kind.ts" {
  interface AlertFacts {
    readonly rejecting: object;
  }
  interface Told {
    readonly isRejectingAlerted?: boolean | undefined;
  }
}

/** Calls get 429 until the window ends or the amount is raised. */
export const rejecting: AlertKind<"rejecting"> = {
  find: (reading, told) =>
    isRejecting(reading) && !told.isRejectingAlerted
      ? { facts: {}, told: { isRejectingAlerted: true } }
      : undefined,
  type: "rejecting",
  threshold: () => 1,
  severity: () => "critical",
  subject: () => "calls are being rejected",
  text: (alert, budget) => [
    ...spentLines(alert, budget),
    `Calls are rejected with HTTP 429 until ${windowEnd(alert)}, or until the amount is raised.`,
  ],
  attributes: () => ({ thresholdPercent: percentNumber(1) }),
};

export function isRejecting({ policy, spendRatio }: Reading): boolean {
  return policy.budget_action === "REJECT" && spendRatio >= 1;
}
