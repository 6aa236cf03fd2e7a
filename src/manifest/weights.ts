import { shareOf } from "#gateway/share.ts";

/** Only what is above this is any traffic at all. */
export const WEIGHT_MIN = 0.01;

export function isDrained({ weight = 1 }: { readonly weight?: number | undefined }): boolean {
  return shareOf(weight) < 1;
}
