import { expect, test } from "@jest/globals";
import { LEASES } from "#runtime/lease.ts";
import { put } from "#runtime/ledger.ts";
import { MANAGED_SECRETS } from "#secrets/managed-secret.ts";
import { messagesIn } from "../../../support/builders.ts";
import { A_PLACE } from "../../../support/places.ts";
import { revoke } from "../../../support/revoke.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { cliSetup } from "../cli-setup.ts";
import { secretsSetup, VALUES } from "./secrets-setup.ts";

const root = temporaryFolder();

test("a secret is pushed after a look at what it replaces and what uses it", async () => {
  const cli = await secretsSetup(root);
  const next = cli.source.put("prod/openai", VALUES[2]);

  const asked = await cli.run(["secrets", "push", "openai-prod"], { answer: "y" });

  expect(asked.status).toBe(0);
  expect(cli.questions.at(-1)).toBe("1 secret: push? [y/N] ");
  expect(asked.stderr).toBe(
    `default/openai-prod: version ${cli.first} by ${next}, used by chat, embed (fallback)\n`,
  );
  const effectiveBy = new Date(cli.clock.nowMs() + 60_000).toISOString();
  expect(asked.stdout).toBe(
    `updated default/openai-prod, version ${next}, effective by ${effectiveBy}\n`,
  );
  expect(cli.gateway.storedValue("openai-prod")).toEqual({ api_key: VALUES[2] });
});

test("who says no, and who cannot be asked, changes nothing", async () => {
  const cli = await secretsSetup(root);
  const before = cli.gateway.writes().length;

  const no = await cli.run(["secrets", "push", "--all"], { answer: "n" });
  const nobody = await cli.secrets("push", "--all");

  expect(no).toMatchObject({ status: 1, stdout: "" });
  expect(no.stderr).toContain("nothing was changed");
  expect(nobody.status).toBe(1);
  expect(nobody.stderr).toContain("Add --yes to push without asking");
  expect(cli.gateway.writes()).toHaveLength(before);
});

test("--all writes anew what seems current: nobody can see whether the gateway can still read it", async () => {
  const cli = await secretsSetup(root);
  const before = cli.gateway.writes().length;

  const { status, stdout, stderr } = await cli.secrets("push", "--all", "--yes");

  expect(status).toBe(0);
  expect(stdout.match(/^updated /gm)).toHaveLength(2);
  expect(stderr).toContain(`version ${cli.first} again`);
  expect(cli.gateway.writes()).toHaveLength(before + 2);
  expect((await cli.secrets("status")).status).toBe(0);
});

test("an older database that was put back is made current by --all", async () => {
  const cli = await secretsSetup(root);
  const { id, value, revision } = await cli.record("openai-prod");
  const { pushed } = value;
  if (!pushed) throw new Error("not pushed");
  const later = { ...pushed, gateway_updated_at_ms: pushed.gateway_updated_at_ms + 3_600_000 };
  await cli.ledger.commit([
    put(MANAGED_SECRETS, id, { ...value, pushed: later }, { id, value, revision }),
  ]);
  expect((await cli.secrets("status")).status).toBe(2);

  await cli.secrets("push", "--all", "--yes");

  expect((await cli.secrets("status")).status).toBe(0);
});

test("what was made again by hand is refused with the way out, and the others are pushed", async () => {
  const cli = await secretsSetup(root);
  const { id, value, revision } = await cli.record("openai-prod");
  if (!value.pushed) throw new Error("not pushed");
  const former = { ...value.pushed, secret_id: "s-former" };
  await cli.ledger.commit([
    put(MANAGED_SECRETS, id, { ...value, pushed: former }, { id, value, revision }),
  ]);

  const { status, stdout, stderr } = await cli.secrets("push", "--all", "--yes");

  expect(status).toBe(1);
  expect(stderr).toContain("somebody made in place of s-former");
  expect(stderr).toContain("Put its manifest again, or run gwops apply");
  expect(stdout).toContain("updated default/anthropic-prod");
});

test.each([
  ["of all workers", ["pause", "--reason", "a move"]],
  ["of the secret push", ["pause", "--worker", "secrets", "--reason", "a move"]],
  ["of its owner", ["pause", "--owner", "search", "--reason", "a move"]],
])("a pause %s refuses the push with its reason", async (_, pause) => {
  const cli = await secretsSetup(root);
  const before = cli.gateway.writes().length;
  await cli.run(pause);

  const { status, stderr } = await cli.secrets("push", "openai-prod", "--yes");

  expect(status).toBe(1);
  expect(stderr).toContain("failed default/openai-prod: paused (");
  expect(stderr).toContain("by ada@laptop: a move");
  expect(cli.gateway.writes()).toHaveLength(before);
});

test("a version that was revoked is not pushed, and the former value stays", async () => {
  const cli = await secretsSetup(root);
  await revoke(cli.ledger, "prod/openai", cli.source.put("prod/openai", VALUES[2]));

  const { status, stderr } = await cli.secrets("push", "openai-prod", "--yes");

  expect(status).toBe(1);
  expect(stderr).toContain("was revoked at");
  expect(cli.gateway.storedValue("openai-prod")).toEqual({ api_key: VALUES[0] });
});

test("a push that is under way is waited for", async () => {
  const cli = await secretsSetup(root);
  const nowMs = cli.clock.nowMs();
  const held = {
    holder: { ...A_PLACE, run_id: "another" },
    since_ms: nowMs,
    expires_at_ms: nowMs + 5_000,
  };
  const id = "secret/default/openai-prod";
  await cli.ledger.commit([put(LEASES, id, held, await cli.ledger.read(LEASES, id))]);

  const { status, stdout } = await cli.secrets("push", "openai-prod", "--yes");

  expect(status).toBe(0);
  expect(stdout).toContain("updated default/openai-prod");
  expect(cli.clock.nowMs()).toBeGreaterThanOrEqual(nowMs + 5_000);
});

test("a push is told where a stack reads messages, and nowhere else", async () => {
  const cli = await secretsSetup(root);
  await cli.secrets("push", "openai-prod", "--yes");
  expect(await messagesIn(cli.ledger)).toEqual([]);
  cli.settings.isShared = true;

  await cli.secrets("push", "openai-prod", "--yes", "--stack", "GatewayOps");

  expect((await messagesIn(cli.ledger)).map(({ type }) => type)).toEqual([
    "mlflow-gateway-ops.secret.pushed",
  ]);
});

test("as JSON it says what became of each secret", async () => {
  const cli = await secretsSetup(root);
  cli.source.tag("prod/anthropic", undefined);

  const { status, stdout } = await cli.secrets("push", "--all", "--yes", "--json");

  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    server: "http://localhost:5000",
    secrets: [
      {
        workspace: "default",
        name: "anthropic-prod",
        outcome: "failed",
        error: { code: "secret-source", message: expect.stringContaining("has no tag") },
      },
      {
        workspace: "default",
        name: "openai-prod",
        outcome: "updated",
        version_id: cli.first,
        previous_version_id: cli.first,
        effective_by: expect.stringMatching(/Z$/),
      },
    ],
  });
});

test("after Ctrl-C nothing more is begun", async () => {
  const cli = await secretsSetup(root);
  const before = cli.gateway.writes().length;

  const { status, stdout } = await cli.run(["secrets", "push", "--all", "--yes"], {
    isInterrupted: true,
  });

  expect(status).toBe(1);
  expect(stdout).toContain("not-begun default/openai-prod");
  expect(cli.gateway.writes()).toHaveLength(before);
});

test.each([
  [["secrets", "push"], "name secrets, or all of them with --all"],
  [["secrets", "push", "openai-prod", "--all"], "and not both"],
  [["secrets", "push", "opnai", "--yes"], "no secret opnai is managed here"],
])("gwops %j is refused", async (argv, problem) => {
  const { status, stderr } = await cliSetup(root).run(argv);

  expect(status).toBe(1);
  expect(stderr).toContain(problem);
});

test("where nothing is managed there is nothing to push", async () => {
  const { status, stderr } = await cliSetup(root).run(["secrets", "push", "--all", "--yes"]);

  expect(status).toBe(0);
  expect(stderr).toContain("there is nothing to push");
});
