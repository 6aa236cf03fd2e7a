/** What the exit status of gwops says; scripts and pipelines rely on it. */
export const EXIT = {
  ok: 0,
  /** Something failed, was applied in part, or the command was used in a wrong way. */
  error: 1,
  /** `plan` or `drift` found that the gateway is not as declared. */
  pending: 2,
  /** A guard wants an approval, or the gateway changed since the plan was made. */
  refused: 3,
  /** A manifest is invalid. */
  invalid: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
