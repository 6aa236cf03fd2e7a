interface PlanRuleText {
  /** What it finds. */
  readonly title: string;
  /** What happened otherwise. */
  readonly why: string;
}

/**
 * What only a plan can find, because it depends on the gateway; all of them are errors. Title and
 * reason are part of the documentation. Three are found in the files alone as well, by the rules of
 * the same name.
 */
export const PLAN_RULES = {
  ownership: {
    title: "A resource that is declared, or that is referred to as external, is another owner's",
    why: "Two owners would undo each other's changes; the policy may allow to refer",
  },
  "not-granted": {
    title:
      "What is on the gateway under a declared name, or is referred to, is not granted as it is",
    why: "An owner could take over, change or use what the policy keeps from it",
  },
  "known-references": {
    title: "An external resource or a guardrail does not exist, or a name is not clear",
    why: "The resource that refers to it could not be written",
  },
  "identity-clash": {
    title:
      "What is declared is one resource by the id that an earlier run left, and another by name",
    why: "Somebody renamed by hand, and nobody can say which of the two is meant",
  },
  "previous-name": {
    title: "A `previous_name` whose resource cannot be renamed",
    why: "It would be taken from a declaration that needs it, or two would have one name",
  },
  "provider-contradiction": {
    title: "A model definition states another provider than its external secret has on the gateway",
    why: "MLflow would send the key there, with some providers to an address in the name of the model",
  },
  immutable: {
    title: "A field changes that MLflow cannot change",
    why: "MLflow answers 200 and changes nothing",
  },
  "experiment-deleted": {
    title: "An endpoint names an experiment that was deleted in MLflow",
    why: "Its traces are lost, and MLflow keeps the name: nothing can be written to it until it is restored",
  },
  "experiment-missing": {
    title: "An endpoint gives the id of an experiment that its workspace does not have",
    why: "MLflow refuses to write it, or its traces go where nobody looks for them",
  },
  "known-scorers": {
    title: "A guardrail is to be made of a scorer, or a version of one, that is not registered",
    why: "MLflow could not make it",
  },
  "action-endpoint-cycle": {
    title: "Endpoints let each other rewrite the text in a circle",
    why: "None of them could be written first, and a call would go round",
  },
  "duplicate-budget": {
    title: "A budget is on the gateway more than once",
    why: "Both count and alert, and nobody can say which one the manifest means",
  },
  "budget-adoption": {
    title: "A policy that nobody has marked fits a budget, but not that one alone, or not at all",
    why: "A budget would take over a policy that somebody else means",
  },
} as const satisfies Readonly<Record<string, PlanRuleText>>;

export type PlanRule = keyof typeof PLAN_RULES;
