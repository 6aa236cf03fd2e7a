import { expect, test } from "@jest/globals";
import { proxyFor } from "#cli/connection/proxy-environment.ts";
import { PROXY_CASES } from "../../../support/proxy-cases.ts";

test.each(PROXY_CASES)("$url with $env goes through $expected", ({ url, env, expected }) => {
  expect(proxyFor(new URL(url), env)?.url.host).toBe(expected);
});
