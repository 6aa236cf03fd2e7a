import { expect, test } from "@jest/globals";
import { addressOf } from "#hosts/address.ts";

test.each([
  ["https://api.openai.com/v1", "api.openai.com"],
  ["https://API.OpenAI.com/v1", "api.openai.com"],
  ["HTTPS://api.openai.com", "api.openai.com"],
  ["http://localhost:11434/v1/", "localhost"],
  ["https://api.openai.com./v1", "api.openai.com"],
  ["https://my_vllm:8000", "my_vllm"],
  ["https://xn--bcher-kva.example/", "xn--bcher-kva.example"],
  ["https://8.8.8.8/v1", "8.8.8.8"],
  ["https://[2606:4700:0:0::1111]:443/v1", "[2606:4700::1111]"],
  ["https://[::FFFF:1.2.3.4]/", "[::ffff:102:304]"],
  ["https://1password.example/", "1password.example"],
  ["https://a.example/openai/deployments/gpt-4o?api-version=2024-10-21", "a.example"],
  ["https://a.example/v1%2Fmodels?", "a.example"],
  ["https://a.example?x=/y", "a.example"],
])("%s leads to %s", (text, host) => {
  expect(addressOf(text)?.host).toBe(host);
});

test("an address has a scheme and a path", () => {
  expect(addressOf("HTTP://a.example/v1/Models?x=1")).toEqual({
    scheme: "http",
    host: "a.example",
    path: "/v1/Models",
  });
  expect(addressOf("https://a.example")).toMatchObject({ path: "" });
});

test.each([
  ["nothing", ""],
  ["no scheme", "api.openai.com/v1"],
  ["no slashes", "https:api.openai.com"],
  ["one slash", "https:/api.openai.com"],
  ["three slashes", "https:///api.openai.com"],
  ["no host", "https://"],
  ["a port alone", "https://:443/"],
  ["another scheme", "ftp://api.openai.com"],
  ["a backslash for a slash", "https:\\\\api.openai.com"],
  ["a backslash after the host", "https://evil.example\\.openai.com/"],
  ["a backslash before an @", "https://api.openai.com\\@evil.example/"],
  ["a user", "https://api.openai.com@evil.example/"],
  ["a user and a password", "https://me:word@api.openai.com/"],
  ["an empty user", "https://@api.openai.com/"],
  ["an @ in the path", "https://api.openai.com/@evil.example"],
  ["a fragment", "https://api.openai.com/#x"],
  ["an empty fragment", "https://api.openai.com/v1#"],
  ["a fragment after the host", "https://evil.example#.openai.com/"],
  ["white space before", " https://api.openai.com/"],
  ["white space after", "https://api.openai.com/ "],
  ["white space within", "https://api.openai .com/"],
  ["a line end", "https://api.openai.com/\n"],
  ["a tab in the host", "https://api.ope\tnai.com/"],
  ["a tab in the scheme", "ht\ttps://api.openai.com/"],
  ["a carriage return", "https://api.openai.com/\r"],
  ["a null", "https://api.openai.com/\0"],
  ["a no-break space", "https://api.openai.com/\u00a0"],
  ["an empty path segment", "https://api.openai.com//evil.example"],
  ["a percent sign in the host", "https://api%2Eopenai.com/"],
  ["a broken escape", "https://api.openai.com/%zz"],
  ["letters of other scripts", "https://ap\u0456.openai.com/"],
  ["full-width letters", "https://\uff41pi.openai.com/"],
  ["a full stop of another script", "https://evil\u3002example/"],
  ["a soft hyphen", "https://api\u00ad.openai.com/"],
  ["a decimal number", "https://2130706433/"],
  ["a hexadecimal number", "https://0x7f000001/"],
  ["a hexadecimal part", "https://0x7f.0.0.1/"],
  ["a hexadecimal last part", "https://127.0.0.0x1/"],
  ["an empty hexadecimal part", "https://127.0.0.0x/"],
  ["an octal part", "https://0177.0.0.1/"],
  ["two parts", "https://127.1/"],
  ["five parts", "https://1.2.3.4.5/"],
  ["a part over 255", "https://256.1.1.1/"],
  ["an IP address with a final dot", "https://127.0.0.1./"],
  ["a name that ends in a number", "https://example.1/"],
  ["two final dots", "https://api.openai.com../"],
  ["dots alone", "https://./"],
  ["an empty label", "https://api..openai.com/"],
  ["a label that begins with a hyphen", "https://-api.openai.com/"],
  ["a label that is too long", `https://${"a".repeat(64)}.example/`],
  ["a name that is too long", `https://${"a.".repeat(127)}example/`],
  ["a port that is none", "https://api.openai.com:https/"],
  ["an empty port", "https://api.openai.com:/"],
  ["port 0", "https://api.openai.com:0/"],
  ["a port over 65535", "https://api.openai.com:65536/"],
  ["a broken IPv6 address", "https://[::g]/"],
  ["an IPv6 address with a zone", "https://[fe80::1%25eth0]/"],
  ["brackets around a name", "https://[api.openai.com]/"],
  ["something after the brackets", "https://[::1].openai.com/"],
  ["a reference to the environment", "os.environ/OPENAI_API_BASE"],
  ["a place holder", "https://$HOST/v1"],
  ["a pattern", "https://*.openai.com/"],
])("%s is no address: %j", (_, text) => {
  expect(addressOf(text)).toBeUndefined();
});

test("the longest text is looked at once", () => {
  const long = "a".repeat(10_000);
  const started = performance.now();

  for (const text of [`https://a/${long}\n`, `https://a/${"a/".repeat(5000)}@`, `https://${long}`])
    expect(addressOf(text)).toBeUndefined();

  expect(performance.now() - started).toBeLessThan(100);
});
