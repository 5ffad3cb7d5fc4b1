"""The fields that we use of resources which Kubernetes itself does not know, as their manuals describe them.

Their definitions are in no package index, so this is a list of our own: it finds a misspelt or misplaced field, and not
one that a later version drops. It knows no more than the manifests use, and is meant to grow with them.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

QUANTITY: Final = re.compile(r"\d+(\.\d+)?(m|Ki|Mi|Gi|Ti)?")
RESOURCES: Final = {"requests": {"cpu": QUANTITY, "memory": QUANTITY}, "limits": {"cpu": QUANTITY, "memory": QUANTITY}}
SECRET_KEY: Final = {"name": str, "key": str}
LABELS: Final = {"matchLabels": {str: str}}
PLUGIN: Final = {"barman-cloud.cloudnative-pg.io"}
COMPRESSED: Final = {"compression": {"bzip2", "gzip", "snappy"}, "encryption": {"AES256", "aws:kms"}}

SHAPES: Final[dict[tuple[str, str], Any]] = {
    # CloudNativePG 1.30
    ("postgresql.cnpg.io/v1", "Cluster"): {
        "description": str,
        "instances": int,
        "imageCatalogRef": {
            "apiGroup": {"postgresql.cnpg.io"}, "kind": {"ImageCatalog", "ClusterImageCatalog"}, "name": str,
            "major": int,
        },
        "primaryUpdateStrategy": {"supervised", "unsupervised"},
        "primaryUpdateMethod": {"restart", "switchover"},
        "enableSuperuserAccess": bool,
        "bootstrap": {
            "initdb": {
                "database": str, "owner": str, "dataChecksums": bool, "encoding": str,
                "localeProvider": {"builtin", "icu", "libc"}, "builtinLocale": str,
            }
        },
        "managed": {
            "roles": [{"name": str, "ensure": {"present", "absent"}, "login": bool, "inRoles": [str],
                       "passwordSecret": {"name": str}}],
        },
        "postgresql": {
            "synchronous": {
                "method": {"any", "first"}, "number": int, "dataDurability": {"required", "preferred"},
                "failoverQuorum": bool,
            },
            "parameters": {str: str},
        },
        "storage": {"size": QUANTITY, "resizeInUseVolumes": bool},
        "walStorage": {"size": QUANTITY},
        "resources": RESOURCES,
        "affinity": {
            "enablePodAntiAffinity": bool, "podAntiAffinityType": {"required", "preferred"}, "topologyKey": str,
        },
        "topologySpreadConstraints": [
            {"maxSkew": int, "topologyKey": str, "whenUnsatisfiable": {"ScheduleAnyway", "DoNotSchedule"},
             "labelSelector": LABELS}
        ],
        "plugins": [{"name": PLUGIN, "isWALArchiver": bool, "parameters": {"barmanObjectName": str}}],
    },
    ("postgresql.cnpg.io/v1", "ScheduledBackup"): {
        "schedule": re.compile(r"\S+( \S+){5}"),
        "immediate": bool,
        "backupOwnerReference": {"none", "self", "cluster"},
        "cluster": {"name": str},
        "target": {"primary", "prefer-standby"},
        "method": {"plugin"},
        "pluginConfiguration": {"name": PLUGIN},
    },
    # Its Barman Cloud plugin
    ("barmancloud.cnpg.io/v1", "ObjectStore"): {
        "retentionPolicy": re.compile(r"[1-9][0-9]*[dwm]"),
        "configuration": {
            "destinationPath": re.compile(r"s3://\S+/"),
            "endpointURL": re.compile(r"https://\S+"),
            "s3Credentials": {"accessKeyId": SECRET_KEY, "secretAccessKey": SECRET_KEY},
            "wal": {**COMPRESSED, "maxParallel": int},
            "data": {**COMPRESSED, "jobs": int},
        },
        "instanceSidecarConfiguration": {"resources": RESOURCES},
    },
    # The Gateway API
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): {
        "parentRefs": [{"name": str, "namespace": str}],
        "hostnames": [str],
        "rules": [
            {
                "matches": [{"path": {"type": {"PathPrefix", "Exact"}, "value": str}}],
                "timeouts": {"request": re.compile(r"\d+(s|m|h)")},
                "backendRefs": [{"name": str, "port": int}],
            }
        ],
    },
    # KEDA 2.18
    ("keda.sh/v1alpha1", "ScaledObject"): {
        "scaleTargetRef": {"name": str},
        "minReplicaCount": int,
        "maxReplicaCount": int,
        "pollingInterval": int,
        "advanced": {
            "horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": int}}},
        },
        "triggers": [
            {
                "type": {"cpu", "prometheus"},
                "metricType": {"AverageValue", "Utilization", "Value"},
                "metadata": {
                    "value": re.compile(r"\d+"),
                    "serverAddress": re.compile(r"https?://\S+"),
                    "query": str,
                    "threshold": re.compile(r"\d+(\.\d+)?"),
                    "ignoreNullValues": {"true", "false"},
                },
            }
        ],
    },
    # The Prometheus operator
    ("monitoring.coreos.com/v1", "PodMonitor"): {
        "selector": LABELS,
        "podTargetLabels": [str],
        "podMetricsEndpoints": [{"port": str, "path": re.compile(r"/\S*"), "interval": re.compile(r"\d+s")}],
    },
}  # fmt: skip


def faults(value: Any, shape: Any, at: str = "spec") -> Iterator[str]:
    """Where a value is not of a shape: a mapping of fields, a list of one shape, allowed words, a pattern or a type."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{at} takes fields"
            return
        for key, one in value.items():
            if str in shape:
                yield from faults(one, shape[str], f"{at}.{key}")
            elif key in shape:
                yield from faults(one, shape[key], f"{at}.{key}")
            else:
                yield f"{at}.{key} is none of {', '.join(sorted(shape))}"
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{at} takes a list"
            return
        for number, one in enumerate(value):
            yield from faults(one, shape[0], f"{at}[{number}]")
    elif isinstance(shape, set):
        if value not in shape:
            yield f"{at} is {value!r} and not one of {', '.join(sorted(shape))}"
    elif isinstance(shape, re.Pattern):
        if not (isinstance(value, str) and shape.fullmatch(value)):
            yield f"{at} is {value!r} and not like {shape.pattern}"
    elif not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
        yield f"{at} is {value!r} and no {shape.__name__}"
