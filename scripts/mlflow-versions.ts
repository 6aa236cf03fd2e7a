/** The MLflow servers that this project is held against; a test compares what other files say. */

/** The oldest that the client speaks with: the first with budgets. */
export const OLDEST = "3.11.1";
/** With guardrails, and without what came after them. */
export const MIDDLE = "3.14.0";
/** What scripts/requirements.txt installs, and everything runs on. */
export const PINNED = "3.17.2";
/** The latest. It is the pinned one as soon as `pip install` alone can install it. */
export const NEWEST = "3.18.0";

/** From old to new. */
export const MLFLOW_VERSIONS = [OLDEST, MIDDLE, PINNED, NEWEST] as const;
export type MlflowVersion = (typeof MLFLOW_VERSIONS)[number];
