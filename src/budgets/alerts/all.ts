import type { AlertFacts, AlertKind, DueAlert, Reading, Told } from "./alert-kind.ts";
import { rejecting } from "./rejecting.ts";
import { threshold } from "./threshold.ts";

/** All kinds of alerts, in the order in which they are told. */
export const ALERT_KINDS: { readonly [K in keyof AlertFacts]: AlertKind<K> } = {
  rejecting,
  threshold,
};

/** All that is to be told of a policy now, each with what is remembered of it. */
export function findDue(reading: Reading, told: Told): { alert: DueAlert; told: Told }[] {
  const { thresholds: _, ...spend } = reading;
  return Object.entries(ALERT_KINDS).flatMap(([kind, { find }]) => {
    const found = find(reading, told);
    if (!found) return [];
    return [{ alert: { ...spend, ...found.facts, kind } as DueAlert, told: found.told }];
  });
}
