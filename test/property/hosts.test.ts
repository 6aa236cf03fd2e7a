import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { addressOf } from "#hosts/address.ts";
import { hostsOf } from "#hosts/hosts-of.ts";

/** Texts that readers of URLs are known to disagree about, and parts of honest values. */
const spelling = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."abz019.-_~:/?#[]@!$&'()*+,;=%\\ \t\n\r\0".split(""),
        ...["us", "east", "-1", "evil.example", "//", "%2e", "\u3002", "\uff20", "\u00ad", "xn--"],
      ),
      fc.string({ unit: "binary", maxLength: 2 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

const honest = fc.constantFrom("us-east-1", "europe-west4", "my-org", "https://api.openai.com/v1");
const value = fc.oneof(
  spelling,
  fc.tuple(honest, spelling).map(([before, after]) => before + after),
  fc.tuple(spelling, honest).map(([before, after]) => before + after),
);

/** How MLflow and litellm make an address of a setting, without a look at it. */
const MADE: readonly [provider: string, setting: string, address: (value: string) => string][] = [
  ["bedrock", "aws_region_name", (text) => `https://bedrock-runtime.${text}.amazonaws.com/model`],
  ["bedrock_mantle", "aws_region_name", (text) => `https://bedrock-mantle.${text}.api.aws/v1`],
  ["vertex_ai", "vertex_location", (text) => `https://${text}-aiplatform.googleapis.com/v1`],
  ["snowflake", "account_id", (text) => `https://${text}.snowflakecomputing.com/api/v2`],
];

test.each(MADE)("the key of %s goes to no other host than is said, whatever %s is", (...row) => {
  const [provider, setting, address] = row;
  fc.assert(
    fc.property(value, (text) => {
      const said = hostsOf(provider, { [setting]: text }).map(({ host }) => host);
      if (said.includes("*") || text === "") return;
      const called = address(text);
      // Some locations have a host of their own form; punycode that stands for nothing is no URL.
      if (["global", "eu", "us"].includes(text) || !URL.canParse(called)) return;
      expect(said).toEqual([new URL(called).hostname]);
    }),
    { numRuns: 2000 },
  );
});

test("an address that is one here is the same to the URL standard", () => {
  fc.assert(
    fc.property(value, spelling, (before, after) => {
      for (const text of [before, `https://${before}`, `https://a.example${before}${after}`]) {
        const address = addressOf(text);
        if (address === undefined) continue;
        const { hostname, protocol, username, password, hash } = new URL(text);
        expect([`${address.scheme}:`, address.host]).toEqual([
          protocol,
          hostname.replace(/\.$/, ""),
        ]);
        expect([username, password, hash]).toEqual(["", "", ""]);
      }
    }),
    { numRuns: 5000 },
  );
});
