import { inspect } from "node:util";
import { expect } from "@jest/globals";

/** Asserts that none of the values can be found in what the places show, however it is printed. */
export function expectNoLeak(values: readonly string[], ...places: readonly unknown[]): void {
  const shown = places
    .map(
      (place) => `${JSON.stringify(place)}\n${inspect(place, { depth: null, showHidden: true })}`,
    )
    .join("\n");
  for (const value of values) {
    expect(value.length).toBeGreaterThan(0);
    expect(shown).not.toContain(value);
    expect(shown).not.toContain(Buffer.from(value).toString("base64"));
  }
}
