/** Tags in which Gateway Ops and MLflow keep their own marks, such as the owner. */
export const RESERVED_TAGS = ["gwops/", "mlflow."];

export function isReservedTag(key: string): boolean {
  return RESERVED_TAGS.some((prefix) => key.startsWith(prefix));
}
