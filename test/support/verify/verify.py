"""Compares a gateway with what a manifest declares, reading it with MLflow's own REST store.

One JSON object per line on stdin, one per line on stdout: `{"ready": true}` once, then for each
request `{"differences": [...]}` or `{"error": "..."}`. Ends when stdin does. Shares nothing with
the code it checks: what the manifest language means is written down here a second time.

A request: `manifest`, `owner`, `tracking_uri`, and optionally `username` with `password`,
`workspace`, `pruned` (nothing else of the owner may be left, of the kinds that the manifest speaks
of), `kept` (`kind/name` of what may be left all the same) and `secret_values` (by name of the
secret: what its mask must fit).
"""

import json
import sys

from mlflow.store.tracking.rest_store import RestStore
from mlflow.utils.rest_utils import MlflowHostCreds
from mlflow.utils.workspace_context import set_workspace

from comparison import Comparison


class Gateway:
    """Everything that the server shows, read once."""

    def __init__(self, store):
        self.store = store
        self.secrets = store.list_secret_infos()
        self.model_definitions = store.list_gateway_model_definitions()
        self.endpoints = store.list_gateway_endpoints()
        self.bindings = store.list_endpoint_bindings()
        self.budgets = all_pages(store.list_budget_policies)
        self.endpoint_names = {each.endpoint_id: each.name for each in self.endpoints}
        self.secret_ids = {each.secret_name: each.secret_id for each in self.secrets}

    def experiment_name(self, experiment_id):
        return None if experiment_id is None else self.store.get_experiment(experiment_id).name


def all_pages(list_page):
    page = list_page(max_results=1000)
    found = list(page)
    while page.token:
        page = list_page(max_results=1000, page_token=page.token)
        found += page
    return found


def differences_of(request):
    set_workspace(request.get("workspace"))
    credentials = MlflowHostCreds(
        request["tracking_uri"], request.get("username"), request.get("password")
    )
    gateway = Gateway(RestStore(lambda: credentials))
    return Comparison(gateway, request).run(request.get("pruned", False))


def answer(line):
    try:
        return {"differences": differences_of(json.loads(line))}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    # MLflow may print; only answers go to the pipe.
    answers, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
