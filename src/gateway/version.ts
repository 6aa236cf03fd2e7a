/**
 * A release candidate has what its release will have; a development build (`3.15.0.dev0`) may
 * not have it yet. A version that is not MLflow's kind of number is taken for a new one.
 */
export function isAtLeast(version: string, wanted: string): boolean {
  const server = parseVersion(version);
  const needed = parseVersion(wanted);
  if (!server || !needed) return true;
  return compareVersions(server, { ...needed, stage: "candidate" }) >= 0;
}

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly stage: Stage;
}

/** In the order in which they come out. */
const STAGES = ["development", "candidate", "final"] as const;
type Stage = (typeof STAGES)[number];

const VERSION =
  /^(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?((?:a|b|rc)\d+)?(?:\.post\d+)?(\.dev\d+)?(?:\+[\w.]+)?$/;

/** Python's kind of version number: `3.17.2`, `3.18.0rc0`, `3.18.0.dev0`, `3.17.2+local.1`. */
export function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text.trim());
  if (!match) return undefined;
  const [, major, minor, patch = "0", candidate, development] = match;
  const released: Stage = candidate === undefined ? "final" : "candidate";
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    stage: development === undefined ? released : "development",
  };
}

/** Negative when `left` is the older one, 0 when both have the same features. */
export function compareVersions(left: Version, right: Version): number {
  return (
    left.major - right.major ||
    left.minor - right.minor ||
    left.patch - right.patch ||
    STAGES.indexOf(left.stage) - STAGES.indexOf(right.stage)
  );
}
