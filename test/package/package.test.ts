import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { bundleClient } from "../../scripts/client/build.ts";
import { installedProject, packProject, run, typeCheck, write } from "./consumer.ts";
import { CJS_PROGRAM, ESM_PROGRAM, TYPED_PROGRAM } from "./samples.ts";

const TIMEOUT_MS = 180_000;
/** Of one file with everything in it, all checks of requests included. */
const MINIFIED_BYTES_MAX = 43 * 1024;

let tarball: string;
let projects: Record<"module" | "commonjs", string>;
let server: Server;
let trackingUri: string;

beforeAll(async () => {
  tarball = await packProject();
  projects = {
    module: await installedProject(tarball, "module"),
    commonjs: await installedProject(tarball, "commonjs"),
  };
  server = createServer((request, response) => {
    if (request.url === "/api/3.0/mlflow/gateway/secrets/list?provider=openai") {
      response.end(JSON.stringify({ secrets: [SECRET] }));
      return;
    }
    response.statusCode = 404;
    response.end(JSON.stringify({ error_code: "RESOURCE_DOES_NOT_EXIST", message: "gone" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  trackingUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, TIMEOUT_MS);

afterAll(() => {
  server?.close();
});

const SECRET = { secret_id: "s-1", secret_name: "openai", created_at: 1, last_updated_at: 2 };

const EXPECTED = {
  secrets: ["openai"],
  isStatusError: true,
  message: "getBudget failed with 404 RESOURCE_DOES_NOT_EXIST: gone",
  exported: [
    "BUDGET_ACTIONS",
    "BUDGET_UNITS",
    "DURATION_UNITS",
    "FALLBACK_STRATEGIES",
    "GUARDRAIL_ACTIONS",
    "GUARDRAIL_STAGES",
    "GatewayAbortedError",
    "GatewayCallError",
    "GatewayCapabilityError",
    "GatewayClient",
    "GatewayNetworkError",
    "GatewayNotFoundError",
    "GatewayRequestError",
    "GatewayResponseError",
    "GatewayStatusError",
    "GatewayTimeoutError",
    "HttpTransport",
    "LINKAGE_TYPES",
    "RESOURCE_TYPES",
    "ROUTING_STRATEGIES",
    "Redacted",
    "TARGET_SCOPES",
    "capabilitiesOf",
  ],
};

test("the tarball holds the client, gwops and nothing of the rest", async () => {
  const files = (await run("tar", ["-tzf", tarball], "/")).trim().split("\n");
  const others = files.filter((file) => !file.startsWith("package/dist/gateway/"));
  expect(others.toSorted()).toEqual([
    "package/LICENSE",
    "package/README.md",
    "package/dist/cli/gwops.mjs",
    "package/package.json",
  ]);
  const published = files.filter((file) => /\.(m?js|json|d\.ts)$/.test(file));
  expect(published).toHaveLength(files.length - 2);
  const sources = files.filter((file) => /(?<!\.d)\.ts$|\/types\/(?!gateway|runtime)/.test(file));
  expect(sources).toEqual([]);
});

test.each(["module", "commonjs"] as const)("a %s project gets no other package", async (type) => {
  const installed = await readdir(join(projects[type], "node_modules"));
  expect(installed.filter((name) => !name.startsWith("."))).toEqual(["mlflow-gateway-ops"]);
  const inner = join(projects[type], "node_modules/mlflow-gateway-ops/node_modules");
  expect(existsSync(inner)).toBe(false);
});

test("gwops is installed as a command", async () => {
  const installed = join(projects.module, "node_modules/.bin/gwops");
  expect(await run(installed, ["--version"], projects.module)).toBe("0.1.0\n");
});

test("an ES module imports the client and calls a server", async () => {
  await write(projects.module, "program.js", ESM_PROGRAM);
  const output = await run(process.execPath, ["program.js", trackingUri], projects.module);
  expect(JSON.parse(output)).toEqual(EXPECTED);
});

test("a CommonJS project requires the client and calls a server", async () => {
  await write(projects.commonjs, "program.js", CJS_PROGRAM);
  const output = await run(process.execPath, ["program.js", trackingUri], projects.commonjs);
  expect(JSON.parse(output)).toEqual(EXPECTED);
});

test.each([
  { type: "module", module: "nodenext", moduleResolution: "nodenext" },
  { type: "commonjs", module: "nodenext", moduleResolution: "nodenext" },
  // Of these only the older one refuses a CommonJS file that is given an ES module's types.
  { type: "commonjs", module: "node16", moduleResolution: "node16" },
  { type: "module", module: "esnext", moduleResolution: "bundler" },
  { type: "commonjs", module: "preserve", moduleResolution: "bundler" },
] as const)(
  "a $type project is type-checked with $module and $moduleResolution",
  async ({ type, ...modules }) => {
    await write(projects[type], "typed.ts", TYPED_PROGRAM);
    expect(await typeCheck(projects[type], "typed.ts", modules)).toBe("");
  },
  TIMEOUT_MS,
);

test.each(["esm", "cjs"] as const)("the %s bundle is small and stands alone", async (format) => {
  const { length } = await bundleClient({ format, minify: true });
  expect(length).toBeLessThan(MINIFIED_BYTES_MAX);
});
