import { type Grants, grantsOf } from "./grants.ts";
import type { Policy } from "./policy-schema.ts";

/** What an owner may do. */
export type Access =
  /** Everything but what belongs to another owner. */
  | { readonly is: "open" }
  /** What the policy names, and nothing else. */
  | { readonly is: "granted"; readonly grants: Grants }
  /** Nothing at all: each of its files is wrong by this rule. */
  | { readonly is: "denied"; readonly rule: "policy" | "owner"; readonly message: string };

export const OPEN: Access = { is: "open" };

/** Exactly the owner's own grants, or those of every owner that is not named. */
export function accessUnder({ owners }: Policy, owner: string): Access {
  // An owner that is called like a method of objects has no grants either.
  const given = Object.hasOwn(owners, owner) ? owners[owner] : owners["*"];
  if (given) return { is: "granted", grants: grantsOf(given) };
  const message = `is not allowed: the policy grants nothing to the owner "${owner}"`;
  return { is: "denied", rule: "policy", message };
}
