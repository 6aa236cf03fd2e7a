import { adoptOnce } from "./adopt-once.ts";
import { apiBaseNotHttps } from "./api-base-not-https.ts";
import { authConfigIncomplete } from "./auth-config-incomplete.ts";
import { budgetDuration } from "./budget-duration.ts";
import { budgetInOtherWorkspace } from "./budget-in-other-workspace.ts";
import { budgetTargetScope } from "./budget-target-scope.ts";
import { budgetUntrackedEndpoint } from "./budget-untracked-endpoint.ts";
import { cliOnlySource } from "./cli-only-source.ts";
import { duplicateBinding } from "./duplicate-binding.ts";
import { duplicateGuardrail } from "./duplicate-guardrail.ts";
import { duplicateModel } from "./duplicate-model.ts";
import { equalBudgets } from "./equal-budgets.ts";
import { fallbackConfigWithoutFallback } from "./fallback-config-without-fallback.ts";
import { fallbackWithoutPrimary } from "./fallback-without-primary.ts";
import { geminiBaseVersion } from "./gemini-base-version.ts";
import { guardrailOrderClash } from "./guardrail-order-clash.ts";
import { knownReferences } from "./known-references.ts";
import { literalKey } from "./literal-key.ts";
import { noWeight } from "./no-weight.ts";
import { orderOnPrimary } from "./order-on-primary.ts";
import { placeholderLeft } from "./placeholder-left.ts";
import { previousName } from "./previous-name.ts";
import { providerContradiction } from "./provider-contradiction.ts";
import { providerRequired } from "./provider-required.ts";
import { reservedAuthConfigKey } from "./reserved-auth-config-key.ts";
import { reservedNames } from "./reserved-names.ts";
import { reservedTags } from "./reserved-tags.ts";
import type { Rule } from "./rule.ts";
import { sanitizationEndpoint } from "./sanitization-endpoint.ts";
import { secretInAuthConfig } from "./secret-in-auth-config.ts";
import { settingGrammar } from "./setting-grammar.ts";
import { settingInValue } from "./setting-in-value.ts";
import { thresholdsUnsorted } from "./thresholds-unsorted.ts";
import { uniqueNames } from "./unique-names.ts";
import { unknownAuthMode } from "./unknown-auth-mode.ts";
import { unusedModelDefinition } from "./unused-model-definition.ts";
import { unusedSecret } from "./unused-secret.ts";
import { valueFromRequired } from "./value-from-required.ts";
import { valueKeysIncomplete } from "./value-keys-incomplete.ts";
import { weightOnFallback } from "./weight-on-fallback.ts";
import { weightTooSmall } from "./weight-too-small.ts";

/** All rules, in the order of the documentation. */
export const RULES: readonly Rule[] = [
  uniqueNames,
  knownReferences,
  previousName,
  fallbackWithoutPrimary,
  noWeight,
  weightTooSmall,
  weightOnFallback,
  orderOnPrimary,
  fallbackConfigWithoutFallback,
  duplicateModel,
  duplicateBinding,
  duplicateGuardrail,
  guardrailOrderClash,
  sanitizationEndpoint,
  reservedNames,
  reservedTags,
  providerContradiction,
  providerRequired,
  unknownAuthMode,
  authConfigIncomplete,
  valueFromRequired,
  valueKeysIncomplete,
  reservedAuthConfigKey,
  secretInAuthConfig,
  literalKey,
  cliOnlySource,
  settingGrammar,
  settingInValue,
  geminiBaseVersion,
  apiBaseNotHttps,
  budgetTargetScope,
  budgetDuration,
  budgetUntrackedEndpoint,
  budgetInOtherWorkspace,
  equalBudgets,
  adoptOnce,
  thresholdsUnsorted,
  placeholderLeft,
  unusedSecret,
  unusedModelDefinition,
];
