import { UsageError } from "#cli/usage-error.ts";

const REASON_LENGTH_MAX = 500;

/** Why somebody does something: it is kept, and shown to whoever meets it. */
export function parseReason(text: string): string {
  if (text.length > 0 && text.length <= REASON_LENGTH_MAX) return text;
  throw new UsageError(`a reason has 1 to ${REASON_LENGTH_MAX} characters, got ${text.length}`);
}
