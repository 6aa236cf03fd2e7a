import type { GatewayCallError } from "#gateway/errors.ts";
import type { Effect } from "#gateway/operations.ts";

export interface RetryPolicy {
  /** All attempts, the first included. @default 3 */
  readonly attemptsMax: number;
  /** Before the second attempt; doubles with each further one. @default 250 */
  readonly delayMs: number;
  /** A server that asks for a longer wait is not asked again. @default 10 000 */
  readonly delayMsMax: number;
}

export const RETRY_POLICY: RetryPolicy = {
  attemptsMax: 3,
  delayMs: 250,
  delayMsMax: 10_000,
};

/** Failures that can be over within seconds. */
const SHORT_LIVED = ["gateway-unreachable", "gateway-timeout", "gateway-unavailable"];

export function isShortLived(error: GatewayCallError): boolean {
  return SHORT_LIVED.includes(error.code);
}

/**
 * Whether the same request may be sent again as it is: a create only when the server certainly did
 * not act on the first one.
 */
export function isRepeatable(error: GatewayCallError, effect: Effect): boolean {
  return isShortLived(error) && (effect !== "create" || !error.isOutcomeUnknown);
}

export interface RetryState {
  /** Attempts made so far, from 1. */
  readonly attempt: number;
  readonly retryAfterMs: number | undefined;
  /** From 0 up to 1; spreads the attempts of workers that failed together. */
  readonly random: number;
}

/** How long to wait before the next attempt; `undefined` when there shall be none. */
export function retryDelayMs(
  policy: RetryPolicy,
  { attempt, retryAfterMs = 0, random }: RetryState,
): number | undefined {
  if (attempt >= policy.attemptsMax || retryAfterMs > policy.delayMsMax) return undefined;
  const backoffMs = Math.min(policy.delayMs * 2 ** (attempt - 1), policy.delayMsMax);
  return Math.max(retryAfterMs, backoffMs * (0.5 + random / 2));
}

/** Reads `Retry-After`, which is a number of seconds or a date; anything else counts as absent. */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  // Date.parse accepts nearly anything; an HTTP date always ends in GMT.
  const dateMs = header.endsWith("GMT") ? Date.parse(header) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
