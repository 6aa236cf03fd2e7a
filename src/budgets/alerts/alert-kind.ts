import type { PolicySpend } from "#budgets/window.ts";
import type { Severity } from "#runtime/message.ts";

/**
 * What an alert of each kind says beside the reading. Each kind's file adds its own here, so that
 * one without its line in the table of all kinds does not compile.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the files of the kinds fill it
export interface AlertFacts {}

/** What was told in a window; filled like the facts. */
// biome-ignore lint/suspicious/noEmptyInterface: the files of the kinds fill it
export interface Told {}

export type AlertName = keyof AlertFacts;

export interface Reading extends PolicySpend {
  readonly spendRatio: number;
  /** Shares of the amount that are to be told. */
  readonly thresholds: readonly number[];
}

/** Something that people must be told about a policy, once per window. */
export type AlertOf<K extends AlertName> = Omit<Reading, "thresholds"> & {
  readonly kind: K;
} & AlertFacts[K];

export type DueAlert = { [K in AlertName]: AlertOf<K> }[AlertName];

/** All that is special about a kind of alert. */
export interface AlertKind<K extends AlertName> {
  /** What is to be told now, and what is remembered of it; undefined: nothing, or nothing new. */
  readonly find: (
    reading: Reading,
    told: Told,
  ) => { readonly facts: AlertFacts[K]; readonly told: Told } | undefined;
  /** The end of the CloudEvents type. */
  readonly type: string;
  /** The share of the amount that it is about: a part of its id. */
  readonly threshold: (alert: AlertOf<K>) => number;
  readonly severity: (alert: AlertOf<K>) => Severity;
  /** What the subject says of the budget. */
  readonly subject: (alert: AlertOf<K>) => string;
  /** `budget` is its name and what it is about. */
  readonly text: (alert: AlertOf<K>, budget: string) => readonly string[];
  /** For filters of subscriptions. */
  readonly attributes: (alert: AlertOf<K>) => Readonly<Record<string, string | number>>;
}
