/** MLflow keeps two decimals of a weight: less than this is no traffic at all. */
export const WEIGHT_MIN = 0.01;

export function isDrained({ weight = 1 }: { readonly weight?: number | undefined }): boolean {
  return weight < WEIGHT_MIN;
}
