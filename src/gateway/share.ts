/**
 * Of the traffic, in hundredths of a whole weight: the server keeps a weight as a 32-bit float and
 * counts the whole hundredths of that, so that 0.01 itself comes to nothing.
 */
export function shareOf(weight: number): number {
  return Math.trunc(Math.fround(weight) * 100);
}
