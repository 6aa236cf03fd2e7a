import { UpdateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll } from "@jest/globals";
import { CREDENTIALS_SECRET, openWorld, type World } from "../../scripts/story/world.ts";
import { makeAdmin, OPERATOR } from "../support/deployed/operator.ts";
import { approvals } from "./suites/approvals.ts";
import { authors } from "./suites/authors.ts";
import { faults } from "./suites/faults.ts";
import { manifests } from "./suites/manifests.ts";
import { owners } from "./suites/owners.ts";
import { schedules } from "./suites/schedules.ts";

/** Deploying takes seconds, but a new machine first reads a gigabyte of Python. */
const OPEN_TIMEOUT_MS = 480_000;

// One deployed world for many suites, which are played one after the other: a new suite is a file
// in suites/ and a line below. It begins owners of its own (`beginOwner`), leaves those of others
// alone, and mends what it breaks. Worlds run at the same time: one more is only for what cannot
// be in this one, such as other settings of the stack.
let opened: World;
const world = (): World => opened;

beforeAll(async () => {
  opened = await openWorld({
    context: { prune: "true", tenancy: "open" },
    users: [OPERATOR],
    onProgress: () => undefined,
  });
  await makeAdmin(opened, true);
  // No worker has read a login yet: the first one begins with the first manifest.
  await opened.secretsManager.send(
    new UpdateSecretCommand({
      SecretId: CREDENTIALS_SECRET,
      SecretString: JSON.stringify(OPERATOR),
    }),
  );
}, OPEN_TIMEOUT_MS);

afterAll(async () => {
  await opened?.close();
}, OPEN_TIMEOUT_MS);

manifests(world);
approvals(world);
authors(world);
schedules(world);
owners(world);
// What stops the work of everybody comes last.
faults(world);
