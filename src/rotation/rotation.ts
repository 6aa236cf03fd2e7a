export type StrategyName = Rotation["strategy"];

/** One secret that the stack rotates, as the setting `rotations` names it. */
export type Rotation = {
  /** Name (not ARN) in AWS Secrets Manager. */
  readonly secret: string;
} & (
  | {
      readonly strategy: "mlflow-user";
      /** MLflow users that take turns; no other user is ever touched. */
      readonly users: readonly [string, string];
    }
  | {
      readonly strategy: "static";
      /** What follows when the provider neither takes nor refuses the key. */
      readonly on_inconclusive: "fail" | "proceed";
    }
);
