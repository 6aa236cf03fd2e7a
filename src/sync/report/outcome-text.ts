import type { ChangeOutcome } from "#reconcile/apply/apply.ts";
import type { PlannedChange } from "#reconcile/plan/document.ts";
import type { ResourceKey } from "#reconcile/state.ts";
import { untriedNote } from "#secrets/push-messages.ts";

const WORD_WIDTH = 13;
const ACTION_WIDTH = 6;

/** The words of a line about one change: what became of it, what it was, and what there is to say. */
export interface OutcomeWords {
  /** In a column of its own. */
  readonly word: string;
  readonly rest: string;
}

export function outcomeWords(
  { action, key }: Pick<PlannedChange, "action" | "key">,
  outcome: ChangeOutcome | undefined,
): OutcomeWords {
  return {
    word: (outcome?.outcome ?? "not attempted").padEnd(WORD_WIDTH),
    rest: `${action.padEnd(ACTION_WIDTH)} ${key}${outcomeDetail(outcome)}`,
  };
}

/** What there is to say of an outcome, to follow the key. */
function outcomeDetail(outcome: ChangeOutcome | undefined): string {
  const note = outcomeNote(outcome);
  if (note === undefined) return "";
  return outcome?.outcome === "failed" ? `: ${note}` : `, ${note}`;
}

/** The same alone; undefined when the outcome says it all. */
export function outcomeNote(outcome: ChangeOutcome | undefined): string | undefined {
  switch (outcome?.outcome) {
    case "applied": {
      const { push } = outcome;
      if (!push) return undefined;
      const time = new Date(push.effective_by_ms).toISOString();
      const version = push.version_id === undefined ? "" : `version ${push.version_id}, `;
      const notes = [push.note, untriedNote(push)].filter((note) => note !== undefined);
      return [`${version}effective by ${time}`, ...notes].join("; ");
    }
    case "failed":
      // Sentences of one error are one line here.
      return outcome.message.replaceAll("\n", "; ");
    case "skipped":
      return `because ${outcome.because} was not applied`;
    case "not-attempted":
    case undefined:
      return undefined;
  }
}

/** Each change with what became of it, if anything did. */
export function withOutcomes(
  changes: readonly PlannedChange[],
  outcomes: readonly ChangeOutcome[],
): readonly (readonly [PlannedChange, ChangeOutcome | undefined])[] {
  const byKey = new Map<ResourceKey, ChangeOutcome>(outcomes.map((one) => [one.key, one]));
  return changes.map((change) => [change, byKey.get(change.key)]);
}
