import type { BenchServers } from "./server.ts";

/** One comparison; times and rates belong to one computer, ratios are what can be compared. */
export interface Row {
  readonly what: string;
  /** With their units. */
  readonly ours: string;
  readonly baseline: string;
  /** Of ours and baseline, the way that `target` says. */
  readonly ratio?: number;
  readonly target?: Target;
  /** Rounds; the values are medians over them. */
  readonly n: number;
}

interface Target {
  readonly bound: "at least" | "at most";
  readonly value: number;
}

export interface Settings {
  /** Rounds of each contender, in turn; at least 3 in a full run. */
  readonly rounds: number;
  /** Every size is divided by it: 1 in a full run. */
  readonly shrink: number;
  /** Says what is being done, for those who wait. */
  readonly say: (line: string) => void;
}

export interface Measurement {
  readonly name: string;
  /** One sentence for `--help` and the documentation. */
  readonly summary: string;
  run(settings: Settings, servers: BenchServers): Promise<Row[]>;
}

export function verdict({ ratio, target }: Row): "holds" | "misses" | "" {
  if (target === undefined || ratio === undefined) return "";
  const holds = target.bound === "at least" ? ratio >= target.value : ratio <= target.value;
  return holds ? "holds" : "misses";
}
