/**
 * An MLflow server with several workers (the default) answers every request on a connection that
 * it has answered on before about 45 ms late (Kludex/uvicorn#3149). There a new connection for
 * each request is faster even with TLS; these functions tell from the answer times.
 */
export interface ReuseHistory {
  /** By operation, because some cost the server 70 ms more than others. */
  readonly operations: Readonly<Record<string, AnswerTimes>>;
  /** Requests so far on a connection that was used before. */
  readonly laterCount: number;
  /** When so many have been, a new connection may be opened just to compare. */
  readonly probeAtCount: number;
}

/** Milliseconds from the request to the end of its answer, of the latest requests. */
interface AnswerTimes {
  /** Of the first request on a connection. */
  readonly firstMs: readonly number[];
  readonly laterMs: readonly number[];
}

export interface ReuseSample {
  readonly operation: string;
  /** An earlier request used the same connection. */
  readonly isReused: boolean;
  /** To the last byte, as the head comes in time; connecting not included. */
  readonly answerMs: number;
}

const FIRST_KEPT = 8;
/** One slow answer proves nothing; five in a row do. */
const STALLS_IN_A_ROW = 5;
/** A delayed acknowledgement is 40 ms on Linux, less what the answer itself takes. */
const STALL_MS = 35;

export const NO_HISTORY: ReuseHistory = {
  operations: {},
  laterCount: 0,
  probeAtCount: STALLS_IN_A_ROW,
};

export function remember(
  { operations, laterCount, probeAtCount }: ReuseHistory,
  { operation, isReused, answerMs }: ReuseSample,
): ReuseHistory {
  const { firstMs = [], laterMs = [] } = operations[operation] ?? {};
  const times = isReused
    ? { firstMs, laterMs: latest(laterMs, answerMs, STALLS_IN_A_ROW) }
    : { firstMs: latest(firstMs, answerMs, FIRST_KEPT), laterMs };
  const isProbe = !isReused && laterCount >= probeAtCount;
  return {
    operations: { ...operations, [operation]: times },
    laterCount: isReused ? laterCount + 1 : laterCount,
    probeAtCount: isProbe ? laterCount * 2 : probeAtCount,
  };
}

/** The latest answers of some operation were all late, compared with first ones on a connection. */
export function isStalling({ operations }: ReuseHistory): boolean {
  return Object.values(operations).some(({ firstMs, laterMs }) =>
    isLate(laterMs, lowerMedian(firstMs)),
  );
}

/**
 * Answers come so late that they may be stalled, and what they are compared with may have been
 * slow by chance, as a server's very first answer is. Asked for rarely, and ever more so.
 */
export function wantsProbe(
  { operations, laterCount, probeAtCount }: ReuseHistory,
  operation: string,
): boolean {
  return laterCount >= probeAtCount && isLate(operations[operation]?.laterMs ?? [], 0);
}

function isLate(laterMs: readonly number[], comparedWithMs: number): boolean {
  return (
    laterMs.length === STALLS_IN_A_ROW && laterMs.every((ms) => ms - comparedWithMs >= STALL_MS)
  );
}

function latest(values: readonly number[], value: number, kept: number): readonly number[] {
  return [...values, value].slice(-kept);
}

/** Infinite when there are none: nothing is late then. */
function lowerMedian(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.POSITIVE_INFINITY;
}
