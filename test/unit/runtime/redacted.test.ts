import { format, inspect } from "node:util";
import { expect, test } from "@jest/globals";
import { Redacted } from "#runtime/redacted.ts";

const VALUE = "value-one";

test.each<[string, (secret: Redacted<string>) => string]>([
  ["JSON", (secret) => JSON.stringify({ secret, list: [secret] })],
  ["a template", (secret) => `${secret}`],
  ["concatenation", (secret) => "at ".concat(secret as unknown as string)],
  ["a sum", (secret) => sum("at ", secret)],
  ["inspect", (secret) => inspect({ secret }, { showHidden: true, depth: null })],
  ["the console", (secret) => format("%s %o %O %j %i", secret, secret, secret, secret, secret)],
  ["an error", (secret) => new Error(`wrong: ${secret}`).stack ?? ""],
  ["its fields", (secret) => JSON.stringify([Object.entries(secret), { ...secret }])],
  ["a list that is joined", (secret) => [secret, secret].join()],
])("a redacted value does not show in %s", (_, show) => {
  const secret = new Redacted(VALUE);

  expect(show(secret)).not.toContain(VALUE);
});

test("a redacted value says that it is one, and gives itself away only when asked", () => {
  const secret = new Redacted({ key: VALUE });

  expect(`${secret} ${JSON.stringify(secret)} ${inspect(secret)}`).toBe(
    '[redacted] "[redacted]" [redacted]',
  );
  expect(secret.reveal()).toEqual({ key: VALUE });
});

test("a redacted value cannot be read as a number", () => {
  expect(Number(new Redacted(42))).toBeNaN();
});

function sum(text: string, secret: unknown): string {
  return text + (secret as string);
}
