"""What a user of Python would write: `python_store.py COMMAND JSON` prints its answer as JSON.

`store` writes one thing after the other with MLflow's own REST store, `yaml` reads a file with
PyYAML's C loader, and `clear` empties the gateway's tables in a SQLite database.
"""

import json
import sqlite3
import statistics
import sys
import time

# Those that refer to others come first.
TABLES = [
    "guardrail_configs",
    "guardrails",
    "endpoint_bindings",
    "endpoint_tags",
    "endpoint_model_mappings",
    "budget_policies",
    "endpoints",
    "model_definitions",
    "secrets",
    "experiment_tags",
]


def timed(results, kind, write, count):
    start = time.perf_counter()
    made = [write(index) for index in range(count)]
    results[kind] = time.perf_counter() - start
    return made


def store(request):
    from mlflow.entities import (
        GatewayEndpointModelConfig,
        GatewayEndpointTag,
        GatewayModelLinkageType,
    )
    from mlflow.store.tracking.rest_store import RestStore
    from mlflow.utils.rest_utils import MlflowHostCreds

    credentials = MlflowHostCreds(request["tracking_uri"])
    rest = RestStore(lambda: credentials)
    rest.list_secret_infos()
    results = {}
    secrets = timed(
        results,
        "secret",
        lambda n: rest.create_gateway_secret(f"py-{n}", {"api_key": "sk-a-value"}, "openai"),
        request["secrets"],
    )
    definitions = timed(
        results,
        "model_definition",
        lambda n: rest.create_gateway_model_definition(
            f"py-{n}", secrets[n % len(secrets)].secret_id, "openai", "gpt-4o"
        ),
        request["model_definitions"],
    )
    endpoints = timed(
        results,
        "endpoint",
        lambda n: rest.create_gateway_endpoint(
            f"py-{n}",
            [
                GatewayEndpointModelConfig(
                    definitions[n % len(definitions)].model_definition_id,
                    GatewayModelLinkageType.PRIMARY,
                )
            ],
            usage_tracking=False,
        ),
        request["endpoints"],
    )
    timed(
        results,
        "tag",
        lambda n: rest.set_gateway_endpoint_tag(
            endpoints[n].endpoint_id, GatewayEndpointTag("owner", "team")
        ),
        request["endpoints"],
    )
    return results


def read_yaml(request):
    import yaml

    seconds = []
    for _ in range(request["times"]):
        with open(request["file"], encoding="utf-8") as file:
            text = file.read()
        start = time.perf_counter()
        yaml.load(text, yaml.CSafeLoader)
        seconds.append(time.perf_counter() - start)
    return {"seconds": statistics.median(seconds)}


def clear(request):
    with sqlite3.connect(request["database"], timeout=60) as connection:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM experiments WHERE experiment_id <> 0")
    connection.close()
    return {}


if __name__ == "__main__":
    commands = {"store": store, "yaml": read_yaml, "clear": clear}
    print(json.dumps(commands[sys.argv[1]](json.loads(sys.argv[2]))))
