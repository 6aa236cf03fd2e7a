import type { Access } from "#manifest/access.ts";
import type { Grants } from "#manifest/grants.ts";

const NAMES_WIDTH = 20;

/** What an owner may do, one line for each grant; what is granted nothing of is said too. */
export function accessText(owner: string, access: Access): string {
  switch (access.is) {
    case "open":
      return `${owner} may do everything but with what belongs to another owner`;
    case "denied":
      return `${owner} may do nothing: it ${access.message}`;
    case "granted":
      return [
        `${owner} may do this, and nothing else:`,
        ...Object.entries(flat(grantsJson(access.grants))).map(
          ([name, granted]) => `  ${name.padEnd(NAMES_WIDTH)} ${granted}`,
        ),
      ].join("\n");
  }
}

/** The same for machines, with every grant in the words of a policy. */
export function accessJson(owner: string, access: Access): Record<string, unknown> {
  const base = { version: 1, owner, access: access.is };
  if (access.is === "granted") return { ...base, grants: grantsJson(access.grants) };
  return access.is === "denied" ? { ...base, reason: access.message } : base;
}

function grantsJson({ kinds, budgets, ...patterns }: Grants) {
  return {
    kinds,
    names: patterns.names.list,
    secrets: patterns.secrets.list,
    hosts: patterns.hosts.list,
    workspaces: patterns.workspaces.list,
    experiments: patterns.experiments.list,
    externals: patterns.externals.list,
    budgets: {
      scopes: budgets.scopes,
      amount_max: budgets.amountMax ?? 0,
      users: budgets.users.list,
      endpoints: budgets.endpoints.list,
    },
  };
}

function flat({ budgets, ...grants }: ReturnType<typeof grantsJson>): Record<string, string> {
  const { amount_max, ...lists } = budgets;
  return {
    ...Object.fromEntries(Object.entries(grants).map(([name, list]) => [name, listed(list)])),
    ...Object.fromEntries(
      Object.entries(lists).map(([name, list]) => [`budgets.${name}`, listed(list)]),
    ),
    "budgets.amount_max": amount_max === 0 ? "nothing" : String(amount_max),
  };
}

function listed(list: readonly string[]): string {
  return list.join(", ") || "nothing";
}
