"""Reads a YAML file, checks it against the real schemas, and prints what it holds as JSON.

usage: check_manifest.py compose FILE SCHEMA | check_manifest.py k8s FILE VERSION…
"""

import json
import sys

import jsonschema
import kubernetes_validate
import yaml

kind, path, *rest = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    documents = list(yaml.safe_load_all(file))
for document in documents:
    if kind == "compose":
        with open(rest[0], encoding="utf-8") as file:
            jsonschema.Draft7Validator(json.load(file)).validate(document)
    else:
        for version in rest:
            kubernetes_validate.validate(document, version, strict=True)
print(json.dumps(documents))
