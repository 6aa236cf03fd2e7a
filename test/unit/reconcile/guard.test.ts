import { expect, test } from "@jest/globals";
import { type GuardTrip, guardPlan, UnsafePlanError } from "#reconcile/plan/guard.ts";
import { withLostGrants } from "#reconcile/plan/lost-grants.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { recognised } from "#reconcile/plan/recognise.ts";
import { type DesiredResource, NOTHING_KNOWN } from "#reconcile/state.ts";
import {
  actualState,
  aGuardrail,
  budget,
  definition,
  desiredState,
  endpoint,
  existing,
  known,
  leftBefore,
  secret,
} from "../../support/states.ts";

interface Setup {
  readonly knows?: Parameters<typeof planChanges>[2];
  readonly prune?: boolean;
  readonly declares?: Parameters<typeof desiredState>[1];
  readonly limits?: Parameters<typeof guardPlan>[4];
  readonly grants?: Parameters<typeof withLostGrants>[1];
  /** @default what carries the owner's mark, and what `knows` says */
  readonly isKnownByMark?: boolean;
}

function tripsOf(
  declared: readonly DesiredResource[],
  reported: Parameters<typeof actualState>[0],
  {
    knows: ledger = NOTHING_KNOWN,
    prune = true,
    declares = {},
    limits,
    grants,
    isKnownByMark = true,
  }: Setup = {},
): GuardTrip[] {
  const knows = isKnownByMark ? leftBefore(ledger, reported) : ledger;
  const desired = desiredState(declared, declares);
  const actual = recognised(actualState(reported), desired, knows);
  const { plan: planned, issues } = planChanges(desired, actual, knows, { prune });
  const plan = withLostGrants(planned, grants);
  expect(issues).toEqual([]);
  const trips = guardPlan(plan, desired, actual, knows, limits);
  // Every message of a plan that can be approved says how; tests look at the rest.
  const approval = `; approve exactly this plan with approvals/${plan.checksum}`;
  const mayPass = trips.every((trip) => trip.is_approvable);
  return trips.map(({ message, ...trip }) => {
    expect(message.endsWith(approval)).toBe(mayPass);
    return { ...trip, message: message.replace(approval, "") };
  });
}

function messagesOf(trips: readonly GuardTrip[]): string[] {
  return trips.map(({ guard, message }) => `${guard}: ${message}`);
}

function secrets(count: number, version = "1") {
  return Array.from({ length: count }, (_, index) =>
    secret(`s${index}`, { source_version: version }),
  );
}

test("of many resources at most 30 % are deleted, and the message has the numbers", () => {
  const actual = secrets(30).map((resource) => existing(resource));

  expect(tripsOf(secrets(21), actual)).toEqual([]);
  expect(tripsOf(secrets(18), actual)).toEqual([
    {
      guard: "delete-share",
      is_approvable: true,
      message: "12 of 30 secrets would be deleted (40 %), more than the 30 % of maxDeleteShare",
    },
  ]);
});

test("of many resources at most 30 % are updated", () => {
  const actual = secrets(10).map((resource) => existing(resource));

  expect(tripsOf([...secrets(3, "2"), ...secrets(10).slice(3)], actual)).toEqual([]);
  expect(messagesOf(tripsOf([...secrets(4, "2"), ...secrets(10).slice(4)], actual))).toEqual([
    "update-share: 4 of 10 secrets would be updated (40 %), more than the 30 % of maxUpdateShare",
  ]);
});

test("a mark that somebody sets by hand makes no share smaller, and one taken away none larger", () => {
  const left = secrets(10).map((resource) => existing(resource, { owner: undefined }));
  const strangers = Array.from({ length: 20 }, (_, index) => existing(secret(`x${index}`)));
  const knows = known({ owned: secrets(10).map(({ name }) => `secret/${name}`) });
  const setup = { knows, isKnownByMark: false };

  const deleted = tripsOf(secrets(6), [...left, ...strangers], setup);
  const updated = tripsOf(
    [...secrets(4, "2"), ...secrets(10).slice(4)],
    [...left.map((one) => ({ ...one, owner: "search" })), ...strangers],
    setup,
  );
  const few = tripsOf(secrets(7).slice(5), [...left.slice(0, 7), ...strangers], setup);

  expect(messagesOf(deleted)).toEqual([
    "delete-share: 4 of 10 secrets would be deleted (40 %), more than the 30 % of maxDeleteShare",
  ]);
  expect(messagesOf(updated)).toEqual([
    "update-share: 4 of 10 secrets would be updated (40 %), more than the 30 % of maxUpdateShare",
  ]);
  expect(messagesOf(few)).toContain(
    "delete-count: 5 of 7 secrets would be deleted, more than 2 of fewer than 10",
  );
});

test("an endpoint that goes takes grants along only with a word for exactly that", () => {
  const gone = existing(endpoint("chat", { models: [] }));
  const spare = endpoint("spare", { models: [] });
  const plan = (grants: Setup["grants"]) => tripsOf([spare], [gone, existing(spare)], { grants });

  expect(plan(undefined)).toEqual([]);
  expect(plan(new Map([["id-of-spare", ["ada: USE"]]]))).toEqual([]);
  expect(plan(new Map([[gone.id, ["ada: USE", "role callers: MANAGE"]]]))).toEqual([
    {
      guard: "grants-lost",
      is_approvable: true,
      message:
        "endpoint/chat would be deleted, and with it what was granted on it: ada: USE, role callers: MANAGE",
    },
  ]);
});

test("other shares can be set", () => {
  const actual = secrets(30).map((resource) => existing(resource));
  const limits = { maxDeleteShare: 0.125, maxUpdateShare: 1 };

  expect(messagesOf(tripsOf(secrets(26, "2"), actual, { limits }))).toEqual([
    "delete-share: 4 of 30 secrets would be deleted (13.3 %), more than the 12.5 % of maxDeleteShare",
  ]);
});

test("of few resources at most two are deleted, and never all", () => {
  const actual = secrets(9).map((resource) => existing(resource));

  expect(tripsOf(secrets(7), actual)).toEqual([]);
  expect(messagesOf(tripsOf(secrets(6), actual))).toEqual([
    "delete-count: 3 of 9 secrets would be deleted, more than 2 of fewer than 10",
  ]);
  expect(messagesOf(tripsOf([endpoint("chat", { models: [] })], actual.slice(0, 2)))).toEqual([
    "delete-all: all 2 secrets would be deleted",
  ]);
});

test("adoptions count as nothing, and what others have is not in the numbers", () => {
  const [mine, theirs] = [secrets(10), secrets(40).slice(10)];
  const actual = [
    ...mine.map((resource) => existing(resource)),
    ...theirs.map((resource) => existing(resource, { owner: undefined })),
    existing(secret("foreign"), { owner: "other" }),
  ];

  const adopting = tripsOf([...mine, ...secrets(40, "2").slice(10)], actual);
  const deleting = tripsOf([...mine.slice(4), ...theirs], actual);

  expect(adopting).toEqual([]);
  expect(messagesOf(deleting)).toEqual([
    "delete-share: 4 of 10 secrets would be deleted (40 %), more than the 30 % of maxDeleteShare",
  ]);
});

test("a renamed secret counts as an update, not as a delete", () => {
  const renamed = secrets(4).map(({ name }) => secret(`${name}-new`, {}, { previous_name: name }));
  const few = secrets(1).map((resource) => existing(resource));
  const many = secrets(10).map((resource) => existing(resource));

  expect(tripsOf(renamed.slice(0, 1), few)).toEqual([]);
  expect(tripsOf([...renamed.slice(0, 3), ...secrets(10).slice(3)], many)).toEqual([]);
  expect(messagesOf(tripsOf([...renamed, ...secrets(10).slice(4)], many))).toEqual([
    "update-share: 4 of 10 secrets would be updated (40 %), more than the 30 % of maxUpdateShare",
  ]);
});

test("what is protected and no longer declared is refused for good, but only with prune", () => {
  const actual = [existing(secret("a")), existing(secret("b")), existing(secret("c"))];
  const one = known({ protected: ["secret/a"] });
  const two = known({ protected: ["secret/a", "secret/b"] });

  expect(tripsOf([secret("b"), secret("c")], actual, { knows: one })).toEqual([
    {
      guard: "protected",
      is_approvable: false,
      message:
        "secret/a is protected, but no longer declared: declare each with protected: false before it can be pruned; no approval lifts this",
    },
  ]);
  expect(messagesOf(tripsOf([secret("c")], actual, { knows: two }))[0]).toContain(
    "secret/a, secret/b are protected",
  );
  expect(tripsOf([secret("c")], actual, { knows: two, prune: false })).toEqual([]);
});

test("a delete of what something else goes on using is refused, whosoever's that is", () => {
  const actual = [
    existing(secret("openai-prod")),
    existing(secret("other")),
    existing(definition("theirs"), { owner: "other" }),
    existing(definition("nobodys"), { owner: undefined }),
  ];

  expect(messagesOf(tripsOf([secret("other")], actual))).toEqual([
    "in-use: secret/openai-prod would be deleted, but is used by model_definition/nobodys, model_definition/theirs",
  ]);
});

test.each<[whose: string, owner: string | undefined, named: string]>([
  ["another owner's", "other", 'endpoint/user (of the owner "other")'],
  ["nobody's", undefined, "endpoint/user (which nobody has marked)"],
  ["the owner's own", "search", "endpoint/user"],
])("a model definition that %s endpoint has is not offered for approval", (_, owner, named) => {
  const spare = definition("spare", { secret: undefined });
  const actual = [
    existing(definition("gpt-4o")),
    existing(spare),
    existing(endpoint("user"), { owner }),
  ];
  const declares = { in_scope: ["model_definition"] as const };
  const message = `model_definition/gpt-4o would be deleted, but is used by ${named}: MLflow refuses that until they use another one; no approval lifts this`;

  expect(tripsOf([spare], [existing(secret()), ...actual], { declares })).toEqual([
    { guard: "in-use", is_approvable: false, message },
  ]);
});

test("what else a guard has against a plan that MLflow would refuse is not offered either", () => {
  const names = ["gpt-4o", "b", "c"];
  const actual = [
    existing(secret()),
    ...names.map((name) => existing(definition(name))),
    existing(endpoint("user"), { owner: "other" }),
  ];

  const trips = tripsOf([secret()], actual);

  expect(trips.map(({ guard, is_approvable }) => [guard, is_approvable])).toEqual([
    ["delete-all", true],
    ["in-use", false],
  ]);
});

test.each<[string, DesiredResource, DesiredResource]>([
  ["an endpoint by a budget", endpoint("chat", { models: [] }), budget("user")],
  [
    "an endpoint by another, as what rewrites its text",
    endpoint("chat", { models: [] }),
    endpoint("user", { models: [], guardrails: [{ ...aGuardrail(), action_endpoint: "chat" }] }),
  ],
])("in use is also %s", (_, used, user) => {
  const [first] = [used].map((resource) => existing(resource));
  const spare = existing({ ...used, name: "spare" } as DesiredResource);
  const spared = { ...used, name: "spare" } as DesiredResource;
  const trips = tripsOf(
    [spared],
    [...(first ? [first] : []), spare, existing(user, { owner: "other" })],
  );

  expect(messagesOf(trips)).toEqual([
    `in-use: ${used.kind}/${used.name} would be deleted, but is used by ${user.kind}/user`,
  ]);
});

test("an endpoint that an MLflow scorer uses is in use", () => {
  const bindings = [{ resource_type: "scorer", resource_id: "toxicity" } as const];
  const actual = [
    existing(endpoint("chat", { models: [], bindings })),
    existing(endpoint("b", { models: [] })),
  ];

  expect(messagesOf(tripsOf([endpoint("b", { models: [] })], actual))).toEqual([
    "in-use: endpoint/chat would be deleted, but is bound to scorer toxicity",
  ]);
});

test("what is deleted or relinked together is not in use", () => {
  const actual = [
    existing(secret("openai-prod")),
    existing(secret("new")),
    existing(definition("relinked")),
    existing(definition("gone")),
  ];

  expect(tripsOf([secret("new"), definition("relinked", { secret: "new" })], actual)).toEqual([]);
});

test("a guardrail that stays keeps the endpoint that rewrites its text in use", () => {
  const guardrail = { ...aGuardrail(), action_endpoint: "cleaner" };
  const actual = [
    existing(endpoint("chat", { models: [], guardrails: [guardrail] })),
    existing(endpoint("cleaner", { models: [] })),
  ];
  const declared = endpoint("chat", {
    models: [],
    tags: { team: "search" },
    guardrails: [{ name: "pii" }],
  });

  expect(messagesOf(tripsOf([declared], actual))).toEqual([
    "in-use: endpoint/cleaner would be deleted, but is used by endpoint/chat",
  ]);
});

test("what waits for something blocked, even through others, goes on using what it uses", () => {
  const models = (model_definition: string) => ({
    models: [{ model_definition, linkage_type: "PRIMARY" as const }],
  });
  const actual = [
    existing(secret("openai-prod")),
    existing(secret("puzzling"), { unknown_values: ["x"] }),
    existing(definition("d")),
    existing(definition("former")),
    existing(endpoint("chat", models("former"))),
  ];
  const declared = [
    secret("openai-prod"),
    secret("puzzling"),
    definition("d", { secret: "puzzling" }),
    endpoint("chat", models("d")),
  ];

  expect(messagesOf(tripsOf(declared, actual))).toEqual([
    "in-use: model_definition/former would be deleted, but is used by endpoint/chat: MLflow refuses that until they use another one; no approval lifts this",
  ]);
});

test("of many users only some are named", () => {
  const users = Array.from({ length: 7 }, (_, index) =>
    existing(definition(`d${index}`), { owner: "other" }),
  );
  const actual = [existing(secret("openai-prod")), existing(secret("b")), ...users];

  expect(messagesOf(tripsOf([secret("b")], actual))[0]).toMatch(
    /d0, .*d1, .*d2, .*d3, model_definition\/d4 and 2 more$/,
  );
});

test("a manifest that was emptied deletes nothing without a second look", () => {
  const actual = [
    existing(secret("a")),
    existing(endpoint("b", { models: [] })),
    existing(endpoint("c", { models: [] })),
  ];
  const declares = { in_scope: ["endpoint" as const, "budget" as const] };

  expect(messagesOf(tripsOf([], actual, { declares }))).toEqual([
    "emptied-manifest: the manifests declare nothing, while 2 endpoints would be left without a declaration",
    "delete-all: all 2 endpoints would be deleted",
  ]);
  expect(tripsOf([], actual, { declares, prune: false })).toEqual([]);
  expect(tripsOf([], [existing(secret("a"), { owner: "other" })])).toEqual([]);
});

test("a gateway that shows nothing is not filled anew", () => {
  const knows = known({ owned: ["secret/a", "secret/b"] });

  expect(messagesOf(tripsOf([secret("a")], [], { knows }))).toEqual([
    "empty-listing: the gateway shows nothing at all, while 2 resources are known on it",
  ]);
  expect(tripsOf([secret("a")], [])).toEqual([]);
  expect(tripsOf([], [], { knows })).toEqual([]);
});

test("a listing that lacks much of what is known is not believed", () => {
  const knows = known({ owned: secrets(10).map(({ name }) => `secret/${name}`) });
  const seen = (count: number) => secrets(count).map((resource) => existing(resource));

  expect(tripsOf(secrets(10), seen(7), { knows })).toEqual([]);
  expect(messagesOf(tripsOf(secrets(10), seen(6), { knows }))).toEqual([
    "truncated-listing: the gateway does not show 4 of 10 secrets that are known on it (40 %, more than 30 %)",
  ]);
});

test("the error has every message and is of a bad input", () => {
  const trips: GuardTrip[] = [
    { guard: "in-use", message: "one", is_approvable: true },
    { guard: "delete-all", message: "two", is_approvable: true },
  ];

  expect(new UnsafePlanError(trips)).toMatchObject({
    name: "UnsafePlanError",
    code: "unsafe-plan",
    disposition: "reject",
    message: "one\ntwo",
    trips,
  });
});
