"""What a manifest means, written down a second time, and compared with what a gateway shows."""

import struct
from collections import Counter

MARK = "gwops:"
OWNER_TAG = "gwops/owner"
# Keys that no manifest states: ours, and those that MLflow sets by itself.
FOREIGN_TAGS = ("gwops/", "mlflow.")
TRAFFIC_SPLIT = "REQUEST_BASED_TRAFFIC_SPLIT"
SECTIONS = {
    "secret": "secrets",
    "model_definition": "model_definitions",
    "endpoint": "endpoints",
    "budget": "budgets",
}


class Comparison:
    def __init__(self, gateway, request):
        self.gateway = gateway
        self.manifest = request["manifest"]
        self.owner = request["owner"]
        self.secret_values = request.get("secret_values", {})
        self.kept = set(request.get("kept", []))
        self.differences = []

    def run(self, pruned):
        self.each("secret", lambda secret: secret.secret_name, self.secret)
        self.each("model_definition", lambda definition: definition.name, self.model_definition)
        self.each("endpoint", lambda endpoint: endpoint.name, self.endpoint)
        self.each("budget", self.budget_name, self.budget)
        if pruned:
            self.nothing_else()
        return self.differences

    def declared(self, kind):
        return self.manifest.get(SECTIONS[kind]) or []

    def actual(self, kind):
        return getattr(self.gateway, SECTIONS[kind])

    def each(self, kind, name_of, compare):
        for declared in self.declared(kind):
            key = f"{kind}/{declared['name']}"
            found = [each for each in self.actual(kind) if name_of(each) == declared["name"]]
            if len(found) != 1:
                self.differ(key, "is on the gateway", len(found), "once")
            elif not declared.get("external"):
                compare(key, declared, found[0])

    def differ(self, key, what, actual, expected):
        self.differences.append(f"{key}: {what} {actual!r}, expected {expected!r}")

    def same(self, key, what, actual, expected):
        if actual != expected:
            self.differ(key, what, actual, expected)

    def stated(self, key, declared, field, actual):
        """A field that is not stated is nobody's business."""
        if declared.get(field) is not None:
            self.same(key, field, actual, declared[field])

    def marked(self, key, actual, mark):
        marks = {actual.created_by, actual.last_updated_by}
        if mark not in marks:
            self.differ(key, "is marked", sorted(filter(None, marks)), mark)

    # ---- kinds -----------------------------------------------------------------------------

    def secret(self, key, declared, actual):
        self.same(key, "provider", actual.provider, declared["provider"])
        # MLflow takes an empty map for "leave it", so that it states nothing.
        if declared.get("auth_config"):
            self.same(key, "auth_config", actual.auth_config or {}, declared["auth_config"])
        expected = self.secret_values.get(declared["name"])
        if expected is not None:
            masks = {each: mask(value) for each, value in expected.items()}
            self.same(key, "masked_values", actual.masked_values, masks)
        self.marked(key, actual, MARK + self.owner)

    def model_definition(self, key, declared, actual):
        secret = declared.get("secret")
        self.same(key, "secret", actual.secret_name, secret)
        self.same(key, "secret_id", actual.secret_id, self.gateway.secret_ids.get(secret))
        self.same(key, "provider", actual.provider, self.provider_of(declared))
        self.same(key, "model_name", actual.model_name, declared["model_name"])
        self.marked(key, actual, MARK + self.owner)

    def provider_of(self, declared):
        if declared.get("provider") is not None:
            return declared["provider"]
        for secret in self.gateway.secrets:
            if secret.secret_name == declared["secret"]:
                return secret.provider
        return None

    def endpoint(self, key, declared, actual):
        self.models(key, declared["models"], actual.model_mappings)
        self.routing(key, declared, actual)
        self.stated(key, declared, "usage_tracking", actual.usage_tracking)
        self.stated(key, declared, "experiment_id", actual.experiment_id)
        if declared.get("experiment") is not None:
            name = self.gateway.experiment_name(actual.experiment_id)
            self.same(key, "experiment", name, declared["experiment"])
        tags = {tag.key: tag.value or "" for tag in actual.tags}
        self.same(key, "owner", tags.get(OWNER_TAG), self.owner)
        own = {name: value for name, value in tags.items() if not name.startswith(FOREIGN_TAGS)}
        self.stated(key, declared, "tags", own)
        if declared.get("bindings") is not None:
            self.bindings(key, declared["bindings"], actual)
        if declared.get("guardrails") is not None:
            self.guardrails(key, declared["guardrails"], actual)

    def models(self, key, declared, mappings):
        expected = Counter(
            model_link(
                each["model_definition"],
                each["linkage_type"],
                each.get("weight"),
                each.get("fallback_order"),
            )
            for each in declared
        )
        found = Counter(
            model_link(
                each.model_definition.name if each.model_definition else None,
                each.linkage_type.value,
                each.weight,
                each.fallback_order,
            )
            for each in mappings
        )
        self.same(key, "models", sorted(found.items()), sorted(expected.items()))

    def routing(self, key, declared, actual):
        linkages = [model["linkage_type"] for model in declared["models"]]
        default = TRAFFIC_SPLIT if linkages.count("PRIMARY") > 1 else None
        expected = declared.get("routing_strategy") or default
        if expected is not None:
            strategy = actual.routing_strategy
            self.same(key, "routing_strategy", strategy and strategy.value, expected)
        fallback = declared.get("fallback_config")
        found = actual.fallback_config
        if "FALLBACK" in linkages:
            # Without any MLflow never tries a FALLBACK model.
            self.same(key, "has a fallback_config", found is not None, True)
        if fallback is None:
            fallback = {"strategy": "SEQUENTIAL"} if "FALLBACK" in linkages else {}
        strategy = found.strategy.value if found and found.strategy else None
        self.stated(key, fallback, "strategy", strategy)
        self.stated(key, fallback, "max_attempts", found.max_attempts if found else None)

    def bindings(self, key, declared, actual):
        found = sorted(
            (each.resource_type.value, each.resource_id)
            for each in self.gateway.bindings
            if each.endpoint_id == actual.endpoint_id
        )
        expected = sorted((each["resource_type"], each["resource_id"]) for each in declared)
        self.same(key, "bindings", found, expected)

    def guardrails(self, key, declared, actual):
        left = self.gateway.store.list_endpoint_guardrail_configs(actual.endpoint_id)
        for each in declared:
            match = next((config for config in left if self.is_guardrail(each, config)), None)
            if match is None:
                self.differ(key, "has no guardrail", [describe(config) for config in left], each)
            else:
                left.remove(match)
        if left:
            self.differ(key, "has also guardrails", [describe(config) for config in left], [])

    def is_guardrail(self, declared, config):
        found = config.guardrail
        scorer = declared.get("scorer") or {}
        experiment = scorer.get("experiment")
        facts = [
            (declared["name"], found.name),
            (declared.get("stage"), found.stage.value),
            (declared.get("action"), found.action.value),
            (declared.get("action_endpoint"), self.action_endpoint(found)),
            (declared.get("execution_order"), config.execution_order),
            (scorer.get("name"), found.scorer.scorer_name),
            (scorer.get("version"), found.scorer.scorer_version),
        ]
        if experiment is not None:
            name = self.gateway.experiment_name(str(found.scorer.experiment_id))
            facts.append((experiment, name))
        return all(expected is None or expected == actual for expected, actual in facts)

    def action_endpoint(self, guardrail):
        """MLflow answers with the name in some versions and with the id in others."""
        named = guardrail.action_endpoint_name
        return self.gateway.endpoint_names.get(named, named)

    def budget_name(self, policy):
        prefix = f"{MARK}{self.owner}/"
        for mark in (policy.last_updated_by, policy.created_by):
            if mark and mark.startswith(prefix):
                return mark.removeprefix(prefix)
        return None

    def budget(self, key, declared, actual):
        duration = {"unit": actual.duration.unit.value, "value": actual.duration.value}
        target = actual.target_value
        if actual.target_scope.value == "ENDPOINT":
            target = self.gateway.endpoint_names.get(target, target)
        self.same(key, "budget_unit", actual.budget_unit.value, declared.get("budget_unit", "USD"))
        self.same(key, "budget_amount", actual.budget_amount, declared["budget_amount"])
        self.same(key, "duration", duration, declared["duration"])
        self.same(key, "target_scope", actual.target_scope.value, declared["target_scope"])
        self.same(key, "target_value", target, declared.get("target_value"))
        self.same(key, "budget_action", actual.budget_action.value, declared["budget_action"])

    # ---- prune -----------------------------------------------------------------------------

    def nothing_else(self):
        for kind, section in SECTIONS.items():
            if section not in self.manifest:
                continue
            names = {each["name"] for each in self.declared(kind)}
            for name in self.owned(kind):
                key = f"{kind}/{name}"
                if name not in names and key not in self.kept:
                    self.differ(key, "is left", "on the gateway", "nothing")

    def owned(self, kind):
        if kind == "budget":
            return filter(None, map(self.budget_name, self.actual(kind)))
        if kind == "endpoint":
            return [each.name for each in self.actual(kind) if tag_of(each) == self.owner]
        mark = MARK + self.owner
        return [
            each.secret_name if kind == "secret" else each.name
            for each in self.actual(kind)
            if mark in (each.created_by, each.last_updated_by)
        ]


def tag_of(endpoint):
    return next((tag.value for tag in endpoint.tags if tag.key == OWNER_TAG), None)


def model_link(name, linkage, weight, order):
    """A weight matters to PRIMARY models only, a place to FALLBACK models only."""
    if linkage == "PRIMARY":
        return (str(name), linkage, float32(1 if weight is None else weight), "")
    return (str(name), linkage, 0.0, "last" if order is None else str(order))


def float32(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def mask(value):
    """As MLflow shows a secret: the two ends of a long one, nothing of a short one."""
    return f"{value[:3]}...{value[-4:]}" if len(value) >= 8 else "***"


def describe(config):
    return (config.guardrail.name, config.execution_order)
