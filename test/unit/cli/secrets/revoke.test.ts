import { expect, test } from "@jest/globals";
import { LEASES } from "#runtime/lease.ts";
import { put } from "#runtime/ledger.ts";
import { REVOKED_VERSIONS } from "#secrets/revoked-version.ts";
import { SecretSourceError } from "#secrets/source.ts";
import { messagesIn } from "../../../support/builders.ts";
import { arnOf } from "../../../support/fake-secret-source.ts";
import { expectNoLeak } from "../../../support/leaks.ts";
import { A_PLACE } from "../../../support/places.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { cliSetup, MANIFEST, SECRET_VALUE } from "../cli-setup.ts";
import { secretsSetup, VALUES } from "./secrets-setup.ts";

const root = temporaryFolder();
const ARN = arnOf("prod/openai");

test("a version is revoked after a look at what uses it, and what to do next is said", async () => {
  const cli = await secretsSetup(root);

  const { status, stdout, stderr } = await cli.run(
    ["secrets", "revoke", "openai-prod", "--reason", "in a build log"],
    { answer: "y" },
  );

  expect(status).toBe(0);
  expect(cli.questions.at(-1)).toBe(`version ${cli.first} of ${ARN}: revoke for good? [y/N] `);
  expect(stdout).toBe(
    [
      "the gateway holds it: default/openai-prod",
      "  default/chat (PRIMARY gpt-4o): when the key is turned off, every call fails",
      "  default/embed (FALLBACK gpt-4o): when the key is turned off, calls go on, and this fallback helps no more",
      "",
    ].join("\n"),
  );
  const at = new Date(cli.clock.nowMs()).toISOString();
  expect(stderr.split("\n")).toEqual([
    `version ${cli.first} of ${ARN} was revoked at ${at} by ada@laptop: in a build log`,
    `1. store a new value in ${ARN}: it is pushed by itself, or by gwops secrets push openai-prod`,
    "2. look with gwops secrets status until the new version is in effect",
    "3. turn the old key off at the provider",
    "",
  ]);
  expect((await cli.ledger.list(REVOKED_VERSIONS)).map(({ value }) => value)).toEqual([
    {
      source_arn: ARN,
      version_id: cli.first,
      since_ms: cli.clock.nowMs(),
      by: "ada@laptop",
      reason: "in a build log",
    },
  ]);
  expect(cli.label.on.get(ARN)).toBe(cli.first);
});

test("what was revoked is never pushed again, and its successor is", async () => {
  const cli = await secretsSetup(root);
  await cli.secrets("revoke", "openai-prod", "--yes");

  expect((await cli.secrets("push", "openai-prod", "--yes")).status).toBe(1);
  expect((await cli.secrets("status", "openai-prod")).stdout).toContain("REVOKED");
  cli.source.put("prod/openai", VALUES[2]);
  expect((await cli.secrets("push", "openai-prod", "--yes")).status).toBe(0);
  expect((await cli.secrets("status", "openai-prod")).status).toBe(0);
  cli.source.moveBack("prod/openai", cli.first);
  expect((await cli.secrets("push", "openai-prod", "--yes")).status).toBe(1);
  expect(cli.gateway.storedValue("openai-prod")).toEqual({ api_key: VALUES[2] });
});

test("config sync does not bring a revoked version back either, and says so at the file", async () => {
  const cli = await secretsSetup(root);
  cli.source.put("prod/openai", VALUES[2]);
  await cli.secrets("push", "openai-prod", "--yes");
  await cli.secrets("revoke", "openai-prod", "--version", cli.first, "--yes");
  cli.source.moveBack("prod/openai", cli.first);

  const { status, stderr } = await cli.run(["apply", "gateway.yaml", "--owner", "search", "--yes"]);

  expect(status).not.toBe(0);
  expect(stderr).toContain("was revoked at");
  expect(cli.gateway.storedValue("openai-prod")).toEqual({ api_key: VALUES[2] });
  expectNoLeak(VALUES, stderr);
});

test("where AWSCURRENT is another version already, nobody guesses which one leaked", async () => {
  const cli = await secretsSetup(root);
  const next = cli.source.put("prod/openai", VALUES[2]);

  const { status, stderr } = await cli.secrets("revoke", "openai-prod", "--yes");

  expect(status).toBe(1);
  expect(stderr).toContain(
    `the gateway holds version ${cli.first}, and AWSCURRENT is ${next}: say which of them is known to others, with --version`,
  );
  expect(await cli.ledger.list(REVOKED_VERSIONS)).toEqual([]);
  expect((await cli.secrets("revoke", "openai-prod", "--version", cli.first, "--yes")).status).toBe(
    0,
  );
  expect((await cli.secrets("push", "openai-prod", "--yes")).status).toBe(0);
});

test("where nobody may look at the source, what the gateway holds is revoked", async () => {
  const cli = await secretsSetup(root);
  cli.source.describe = () => Promise.reject(new SecretSourceError("prod/openai: not allowed"));

  expect((await cli.secrets("revoke", "openai-prod", "--yes")).status).toBe(0);

  expect((await cli.ledger.list(REVOKED_VERSIONS)).map(({ value }) => value.version_id)).toEqual([
    cli.first,
  ]);
});

test("a revocation by mistake is taken back, with its label", async () => {
  const cli = await secretsSetup(root);
  await cli.secrets("revoke", "openai-prod", "--yes");

  const undone = await cli.secrets(
    "revoke",
    "openai-prod",
    "--undo",
    "--yes",
    "--reason",
    "a test",
  );

  expect(undone.status).toBe(0);
  expect(undone.stderr).toContain(`version ${cli.first} of ${ARN} may be pushed again`);
  expect(cli.label.on.size).toBe(0);
  expect((await cli.secrets("status")).status).toBe(0);
  expect((await cli.secrets("push", "openai-prod", "--yes")).status).toBe(0);
  const again = await cli.secrets("revoke", "openai-prod", "--undo", "--yes");
  expect(again.status).toBe(1);
  expect(again.stderr).toContain(`no version of ${ARN} is revoked`);
});

test("of several revoked versions one is named to be taken back", async () => {
  const cli = await secretsSetup(root);
  const next = cli.source.put("prod/openai", VALUES[2]);
  await cli.secrets("revoke", "openai-prod", "--version", cli.first, "--yes");
  await cli.secrets("revoke", "openai-prod", "--version", next, "--yes");

  const unclear = await cli.secrets("revoke", "openai-prod", "--undo", "--yes");
  const clear = await cli.secrets("revoke", "openai-prod", "--undo", "--version", next, "--yes");

  expect(unclear.stderr).toContain(`say which version of ${ARN} with --version`);
  expect(clear.status).toBe(0);
  expect((await cli.ledger.list(REVOKED_VERSIONS)).map(({ value }) => value.version_id)).toEqual([
    cli.first,
  ]);
});

test("without the right to label it is revoked all the same, and that is said", async () => {
  const cli = await secretsSetup(root);
  cli.label.isAllowed = false;

  const { status, stderr } = await cli.secrets("revoke", "openai-prod", "--yes");

  expect(status).toBe(0);
  expect(stderr).toContain(
    "the label GATEWAY_OPS_REJECTED is not put on it in AWS: labelling failed",
  );
  expect(await cli.ledger.list(REVOKED_VERSIONS)).toHaveLength(1);
});

test("it is one critical message where a stack reads messages, and one more when it is taken back", async () => {
  const cli = await secretsSetup(root);
  cli.settings.isShared = true;
  const stack = ["--stack", "GatewayOps", "--yes"];

  await cli.secrets("revoke", "openai-prod", ...stack);
  await cli.secrets("revoke", "openai-prod", ...stack);
  await cli.secrets("revoke", "openai-prod", "--undo", ...stack);

  const messages = await messagesIn(cli.ledger);
  expect(messages.map(({ type, severity }) => [type, severity])).toEqual([
    ["mlflow-gateway-ops.secret.version-allowed", "warning"],
    ["mlflow-gateway-ops.secret.version-revoked", "critical"],
  ]);
  expectNoLeak(VALUES, messages);
});

test("as JSON it says what is revoked and what is affected", async () => {
  const cli = await secretsSetup(root);

  const { stdout } = await cli.secrets("revoke", "openai-prod", "--yes", "--json");

  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    server: "http://localhost:5000",
    revoked: {
      source_arn: ARN,
      version_id: cli.first,
      by: "ada@laptop",
      since: expect.any(String),
    },
    label: "put",
    secrets: [{ workspace: "default", name: "openai-prod" }],
    endpoints: [
      { workspace: "default", name: "chat", without_it: "every call fails" },
      { workspace: "default", name: "embed", linkage_type: "FALLBACK" },
    ],
  });
});

test("a value of the environment is revoked by what it is, and may not come back", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  await cli.run(["apply", "gateway.yaml", "--yes"]);

  const revoked = await cli.run(["secrets", "revoke", "openai-prod", "--yes"]);
  const pushed = await cli.run(["secrets", "push", "openai-prod", "--yes"]);
  const other = { env: { OPENAI_KEY: "sk-another-made-up" } };

  expect(revoked.status).toBe(0);
  expect(cli.label.on.size).toBe(0);
  expect(pushed.status).toBe(1);
  expect((await cli.run(["secrets", "push", "openai-prod", "--yes"], other)).status).toBe(0);
  expect((await cli.run(["apply", "gateway.yaml", "--yes"])).status).not.toBe(0);
  expectNoLeak([SECRET_VALUE], revoked, pushed);
});

test.each([
  [["--version", "a b"], 'takes the id of a version, got "a b"'],
  [["--reason", ""], "a reason has 1 to 500 characters, got 0"],
  [["--undo"], "no version of"],
])("gwops secrets revoke with %j is refused", async (flags, problem) => {
  const cli = await secretsSetup(root);

  const { status, stderr } = await cli.secrets("revoke", "openai-prod", "--yes", ...flags);

  expect(status).toBe(1);
  expect(stderr).toContain(problem);
});

test("who says no revokes nothing", async () => {
  const cli = await secretsSetup(root);

  const { status } = await cli.run(["secrets", "revoke", "openai-prod"], { answer: "n" });

  expect(status).toBe(1);
  expect(await cli.ledger.list(REVOKED_VERSIONS)).toEqual([]);
});

test("it ends when no push of the version is under way any more", async () => {
  const cli = await secretsSetup(root);
  const nowMs = cli.clock.nowMs();
  const holder = { ...A_PLACE, run_id: "a-push" };
  const held = { holder, since_ms: nowMs, expires_at_ms: nowMs + 5_000 };
  const id = "secret/default/openai-prod";
  await cli.ledger.commit([put(LEASES, id, held, await cli.ledger.read(LEASES, id))]);

  const { status } = await cli.secrets("revoke", "openai-prod", "--yes");

  expect(status).toBe(0);
  expect(cli.clock.nowMs()).toBeGreaterThanOrEqual(nowMs + 5_000);
});
