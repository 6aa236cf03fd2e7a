import { expect, test } from "@jest/globals";
import { planDocument } from "#reconcile/plan/document.ts";
import { withLostGrants } from "#reconcile/plan/lost-grants.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { renderMarkdown, renderText } from "#reconcile/plan/render.ts";
import type { ActualResource, DesiredResource, KnownState } from "#reconcile/state.ts";
import {
  actualState,
  budget,
  desiredState,
  endpoint,
  existing,
  known,
  leftBefore,
  secret,
  unmarkedPolicy,
} from "../../support/states.ts";

function documentOf(
  declared: readonly DesiredResource[],
  reported: readonly ActualResource[],
  { grants }: { readonly grants?: Parameters<typeof withLostGrants>[1] } = {},
  knows: KnownState = leftBefore(known({}), reported),
) {
  const [desired, actual] = [desiredState(declared), actualState(reported)];
  const planned = planChanges(desired, actual, knows, { prune: true });
  const plan = withLostGrants(planned.plan, grants);
  const server = "https://mlflow.example.com";
  return planDocument({ server, desired, actual, plan, trips: [] });
}

test("a delete says which address is lost, and all that goes with it", () => {
  const chat = existing(
    endpoint("chat/a b", {
      models: [],
      tags: { team: "search", "gwops/owner": "search" },
      bindings: [{ resource_type: "scorer", resource_id: "toxicity" }],
    }),
  );
  const limit = existing(budget("chat-monthly", { target_value: "chat/a b" }), { owner: "other" });
  const grants = new Map([[chat.id, ["ada: USE", "role callers: MANAGE"]]]);

  const document = documentOf([], [chat, limit], { grants });

  expect(document.changes).toMatchObject([
    {
      action: "delete",
      key: "endpoint/chat/a b",
      impact:
        "callers lose /gateway/chat%2Fa%20b/mlflow/invocations; with it go 1 tag (team), 1 binding (scorer toxicity), 1 budget (chat-monthly), 2 grants (ada: USE, role callers: MANAGE)",
    },
  ]);
  expect(renderText(document)).toContain("\n!   impact: callers lose /gateway/chat%2Fa%20b/");
  expect(renderMarkdown(document)).toContain("\n!   impact: callers lose /gateway/chat%2Fa%20b/");
});

test("a rename says where callers must go, and that the rest stays", () => {
  const renamed = endpoint("new", { models: [] }, { previous_name: "old" });

  const document = documentOf([renamed], [existing(endpoint("old", { models: [] }))]);

  expect(document.changes).toMatchObject([
    {
      former_key: "endpoint/old",
      impact:
        "callers of /gateway/old/mlflow/invocations must go to /gateway/new/mlflow/invocations; its id, tags, bindings and grants stay",
    },
  ]);
});

test("a key of which nothing is known is replaced with a warning, and a new one without", () => {
  const live = existing(secret("live"), { owner: undefined });
  const declared = [
    secret("live", { source_version: "version-2" }),
    secret("new", { source_version: "version-2" }),
  ];

  const text = renderText(documentOf(declared, [live]));

  expect(text).toContain(`\
= adopt secret/live
    value: unknown -> version version-2
!   high risk: the key that it holds now, and that was not pushed from here, is replaced; nobody can read it back
`);
  expect(text.match(/high risk/g)).toHaveLength(1);
});

test("a name that no address can hold does not stop the plan", () => {
  const document = documentOf([], [existing(endpoint("a\ud800", { models: [] }))]);

  expect(document.changes[0]?.impact).toContain("/gateway/a%EF%BF%BD/mlflow/invocations");
});

test("what is nobody's is counted and named up to a limit, and what others have is counted", () => {
  const secrets = Array.from({ length: 30 }, (_, index) =>
    existing(secret(`s${String(index).padStart(2, "0")}`), { owner: undefined }),
  );
  const adopted = existing(endpoint("adopted", { models: [] }), { owner: undefined });
  const document = documentOf(
    [endpoint("adopted", { models: [] })],
    [
      ...secrets,
      adopted,
      existing(endpoint("own", { models: [] })),
      existing(endpoint("theirs", { models: [] }), { owner: "other" }),
      unmarkedPolicy("bp-1", { target_scope: "GLOBAL", target_value: undefined }),
    ],
  );

  expect(document.unmanaged).toMatchObject({
    secret: { total: 30, names: { length: 20, 0: "s00" }, of_others: 0 },
    endpoint: { total: 0, names: [], of_others: 1 },
    budget: { total: 1, names: ["bp-1"], of_others: 0 },
  });
  expect(renderText(document)).toMatch(
    /\nunmanaged: 30 secrets \(s00, .*, s19 and 10 more\), 1 budget \(bp-1\)\nof other owners: 1 endpoint\n/,
  );
});
