export interface ProbeResult {
  /**
   * `proven`: a model answered. `refused`: the provider does not accept the key. `inconclusive`:
   * neither is known.
   */
  readonly verdict: "proven" | "refused" | "inconclusive";
  /** Fit to be shown: our own words, names from the manifest, and statuses of HTTP. */
  readonly reason: string;
}

export function inconclusive(reason: string): ProbeResult {
  return { verdict: "inconclusive", reason };
}
