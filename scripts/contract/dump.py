"""Prints the gateway part of MLflow's protobuf descriptors as JSON.

Usage: dump.py FOLDER, where FOLDER holds an unpacked mlflow-skinny or mlflow. A field is written as its type,
with `repeated` before it where it is a list.
"""

import json
import sys
import types
from importlib.metadata import distributions

from google.protobuf.descriptor import FieldDescriptor

GATEWAY_PATH = "/mlflow/gateway/"
SCALARS = {
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_STRING: "string",
}


def load_protos(folder):
    """Imports the generated modules without running mlflow's own start, which needs all of it."""
    sys.path.insert(0, folder)
    package = types.ModuleType("mlflow")
    package.__path__ = [f"{folder}/mlflow"]
    sys.modules["mlflow"] = package
    from mlflow.protos import databricks_pb2, service_pb2

    return databricks_pb2.rpc, service_pb2.DESCRIPTOR


class Dump:
    def __init__(self, rpc):
        self.rpc = rpc
        self.operations = {}
        self.messages = {}
        self.enums = {}

    def add_method(self, method):
        for endpoint in method.GetOptions().Extensions[self.rpc].endpoints:
            if not endpoint.path.startswith(GATEWAY_PATH):
                continue
            self.operations[method.name] = {
                "method": endpoint.method,
                # The server builds its addresses from the version of the API in the same way.
                "path": f"/api/{endpoint.since.major}.0{endpoint.path}",
                "request": self.add_message(method.input_type),
                "response": self.add_message(method.output_type),
            }

    def add_message(self, message):
        name = short(message)
        if name not in self.messages:
            fields = self.messages[name] = {}
            for field in message.fields:
                fields[field.name] = self.describe(field)
        return name

    def describe(self, field):
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            key, value = (self.type_of(entry.fields_by_name[part]) for part in ("key", "value"))
            return f"map<{key}, {value}>"
        return f"repeated {self.type_of(field)}" if field.is_repeated else self.type_of(field)

    def type_of(self, field):
        if field.message_type is not None:
            return self.add_message(field.message_type)
        if field.enum_type is not None:
            return self.add_enum(field.enum_type)
        return SCALARS[field.type]

    def add_enum(self, enum):
        name = short(enum)
        self.enums[name] = [value.name for value in enum.values]
        return name


def short(descriptor):
    return descriptor.full_name.removeprefix("mlflow.")


def main(folder):
    rpc, service_file = load_protos(folder)
    dump = Dump(rpc)
    for service in service_file.services_by_name.values():
        for method in service.methods:
            dump.add_method(method)
    packages = ("mlflow-skinny", "mlflow")
    [package] = [each for each in distributions(path=[folder]) if each.name in packages]
    result = {
        "mlflow": package.version,
        "operations": dump.operations,
        "messages": dump.messages,
        "enums": dump.enums,
    }
    json.dump(result, sys.stdout, indent=2, sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1])
