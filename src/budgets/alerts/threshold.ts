import type { AlertKind } from "./alert-kind.ts";
import { isRejecting } from "./rejecting.ts";
import { percent, percentNumber, spentLines, windowEnd } from "./words.ts";

declare module "./alert-kind.ts" {
  interface AlertFacts {
    readonly threshold: { readonly threshold: number };
  }
  interface Told {
    /** The highest threshold. */
    readonly alertedThreshold?: number | undefined;
  }
}

/** Of several thresholds crossed at once only the highest is told; the lower ones count as told. */
export const threshold: AlertKind<"threshold"> = {
  find: (reading, told) => {
    // "Rejecting" says all that a threshold would say, and more.
    if (isRejecting(reading)) return undefined;
    const crossed = reading.thresholds.filter((share) => reading.spendRatio >= share);
    const highest = Math.max(0, ...crossed);
    if (highest <= (told.alertedThreshold ?? 0)) return undefined;
    return { facts: { threshold: highest }, told: { alertedThreshold: highest } };
  },
  type: "threshold-crossed",
  threshold: (alert) => alert.threshold,
  severity: (alert) => (alert.threshold >= 1 ? "critical" : "warning"),
  subject: (alert) => `${percent(alert.threshold)} spent`,
  text: (alert, budget) => [
    ...spentLines(alert, budget),
    `The window ends at ${windowEnd(alert)}.`,
  ],
  attributes: (alert) => ({ thresholdPercent: percentNumber(alert.threshold) }),
};
