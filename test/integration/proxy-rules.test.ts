import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { venvBin } from "../../scripts/local/folders.ts";
import { PROXY_CASES } from "../support/proxy-cases.ts";

/** Asks the library with which MLflow's own client makes its requests. */
const PROGRAM = `
import json, os, sys
from requests.adapters import select_proxy
from requests.utils import get_environ_proxies, prepend_scheme_if_needed
from urllib.parse import urlparse

found = []
for case in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(case["env"])
    proxy = select_proxy(case["url"], get_environ_proxies(case["url"]))
    host = urlparse(prepend_scheme_if_needed(proxy, "http")).netloc if proxy else None
    found.append(host and host.rpartition("@")[2])
json.dump(found, sys.stdout)
`;

test("MLflow's own client takes the proxies that are expected of gwops", () => {
  const input = JSON.stringify(PROXY_CASES);
  const found = JSON.parse(
    execFileSync(join(venvBin, "python"), ["-c", PROGRAM], { input, encoding: "utf8" }),
  );

  const expected = PROXY_CASES.map(({ url, env, expected }) => ({
    url,
    env,
    proxy: expected ?? null,
  }));
  const theirs = PROXY_CASES.map(({ url, env }, index) => ({ url, env, proxy: found[index] }));
  expect(theirs).toEqual(expected);
});
