#!/usr/bin/env python3
"""Checks rendered Kubernetes manifests for what their schema cannot know: that every container is
probed, bounded and without rights, that names and ports lead somewhere, that a variable is a
setting of the program that gets it, and that a key is only where it is used.

Usage: manifests.py README RENDERED...
"""

import pathlib
import re
import sys

_USER = 10001  # As in deploy/docker/Dockerfile.
_STOP_MARGIN_SECONDS = 15  # Until the program's own watchdog ends it, after its drain time.

# Settings that every service has, as variables of the environment; then those of one alone.
_SHARED = set(
    "LISTEN TLS_CERTIFICATE TLS_KEY TLS_CLIENT_CA TLS_CA HEALTH_LISTEN METRICS_LISTEN DATABASE"
    " KAFKA KAFKA_INSTANCE KAFKA_TLS_CA KAFKA_TLS_CERTIFICATE KAFKA_TLS_KEY KAFKA_LOGIN KAFKA_LOGIN_MECHANISM"
    " TOPIC_PREFIX GROUP_SESSION_SECONDS FEED_KEYS TOKENS MASTER_KEY SERVICE_TOKEN REFLECTION LOG_LEVEL DRAIN_SECONDS"
    " BATCH_MAX QUEUE_MAX QUEUE_BYTES_MAX MESSAGE_BYTES_MAX CONNECTIONS_MAX READ_THREADS SWEEP_SECONDS TIMERS_SECONDS"
    " STUCK_HOURS".split()
)
_SETTINGS = {
    "intake": _SHARED | {"ELIGIBILITY_ADDRESS", "REFERRAL_ADDRESS", "FACTS"},
    "eligibility": _SHARED | {"INTAKE_ADDRESS", "POLICIES", "RESCREEN_PER_SECOND"},
    "referral": _SHARED | {"INTAKE_ADDRESS", "ELIGIBILITY_ADDRESS", "AGENCIES"},
    "tools": {"DATABASE", "KAFKA", "TOPIC_PREFIX"}
    | {"KAFKA_TLS_CA", "KAFKA_TLS_CERTIFICATE", "KAFKA_TLS_KEY"}
    | {"KAFKA_LOGIN", "KAFKA_LOGIN_MECHANISM"},
}
_HEALTH = {
    "intake": {"pathways.intake.v1.IntakeService"},
    "eligibility": {"pathways.eligibility.v1.EligibilityService"},
    "referral": {"pathways.referral.v1.ReferralService", "pathways.referral.v1.AgencyService"},
}


def _get(value, *path):
    """The value at a path of keys, or None where the path ends early."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


class _Workload:
    """A Deployment or Job, and what the rules ask of its pods."""

    def __init__(self, document):
        self.kind = document["kind"]
        self.name = f"{self.kind} {document['metadata']['name']}"
        self.labels = _get(document, "spec", "template", "metadata", "labels") or {}
        self.pod = document["spec"]["template"]["spec"]
        self.servers = self.pod["containers"]
        self.containers = self.pod.get("initContainers", []) + self.servers

    def ports(self):
        """Name and number of every port, as both are used to name one."""
        ports = [port for container in self.servers for port in container.get("ports", [])]
        return {port.get("name") for port in ports} | {port["containerPort"] for port in ports}

    def selected_by(self, labels):
        return labels.items() <= self.labels.items()


def _program(container):
    """intake, eligibility, referral or tools: from the image's name, whatever its registry."""
    match = re.search(r"pathways-(\w+)(?:[:@]|$)", container["image"])
    return match.group(1) if match else None


def _pod_findings(workload):
    wanted = {
        ("automountServiceAccountToken",): False,
        ("enableServiceLinks",): False,  # They would be variables PATHWAYS_* that nobody knows.
        ("securityContext", "runAsNonRoot"): True,
        ("securityContext", "runAsUser"): _USER,
        ("securityContext", "seccompProfile", "type"): "RuntimeDefault",
    }
    for path, value in wanted.items():
        if _get(workload.pod, *path) != value:
            yield f"{workload.name}: {'.'.join(path)} must be {value}"
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if workload.pod.get(name):
            yield f"{workload.name}: {name} opens the node"
    for volume in workload.pod.get("volumes", []):
        if "hostPath" in volume:
            yield f"{workload.name}: volume {volume['name']} opens the node"


def _container_findings(workload, container):
    where = f"{workload.name}, {container['name']}"
    wanted = {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    for name, value in wanted.items():
        if _get(container, "securityContext", name) != value:
            yield f"{where}: securityContext.{name} must be {value}"
    for kind in ("requests", "limits"):
        for resource in ("cpu", "memory"):
            if not _get(container, "resources", kind, resource):
                yield f"{where}: no resources.{kind}.{resource}"
    image = container["image"]
    _, _, tag = image.rpartition("/")[2].partition(":")
    if "@sha256:" not in image and tag in ("", "latest"):
        yield f"{where}: image {image} needs a tag other than latest, or a digest"
    if _program(container) not in _SETTINGS:
        yield f"{where}: image {image} is none of ours"


def _probe_findings(workload, container):
    where = f"{workload.name}, {container['name']}"
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = _get(container, kind, "grpc")
        if probe is None:
            yield f"{where}: no {kind} by gRPC"
            continue
        if probe["port"] not in {port["containerPort"] for port in container.get("ports", [])}:
            yield f"{where}: {kind} asks port {probe['port']}, which the container does not name"
        service = probe.get("service", "")
        if kind == "readinessProbe":
            if service not in _HEALTH.get(_program(container), ()):
                yield f"{where}: {kind} must ask for the service, not for '{service}'"
        elif service:
            # Else a database that is away would have healthy processes killed.
            yield f"{where}: {kind} must ask for the process, not for '{service}'"


def _variables(container, config_maps):
    """Name → value of every PATHWAYS_* variable, without the prefix. None: it is from elsewhere."""
    variables = {}
    for source in container.get("envFrom", []):
        variables.update(config_maps.get(_get(source, "configMapRef", "name"), {}))
    for variable in container.get("env", []):
        variables[variable["name"]] = variable.get("value")
    prefix = "PATHWAYS_"
    return {k.removeprefix(prefix): v for k, v in variables.items() if k.startswith(prefix)}


def _variable_findings(workload, container, config_maps):
    known = _SETTINGS.get(_program(container), set())
    for name in sorted(_variables(container, config_maps).keys() - known):
        yield f"{workload.name}, {container['name']}: PATHWAYS_{name} is no setting of the program"


def _name_findings(workload, container, config_maps):
    if "KAFKA_INSTANCE" in _variables(container, config_maps):
        # The same value for all would push all but one out of the group; the name of the pod, which
        # is another after each roll, would leave its partitions to nobody until a session is over.
        yield f"{workload.name}: PATHWAYS_KAFKA_INSTANCE needs lasting names, as a StatefulSet's"


def _stop_findings(workload, container, config_maps):
    sleep = _get(container, "lifecycle", "preStop", "sleep", "seconds")
    if not sleep:
        yield f"{workload.name}: no preStop sleep: calls still arrive when a pod stops"
    drain = _variables(container, config_maps).get("DRAIN_SECONDS") or 0
    needed = int(sleep or 0) + int(drain) + _STOP_MARGIN_SECONDS
    if workload.pod.get("terminationGracePeriodSeconds", 30) <= needed:
        yield f"{workload.name}: terminationGracePeriodSeconds must be more than {needed}"


def _config_maps_used(workload):
    for container in workload.containers:
        for source in container.get("envFrom", []):
            yield _get(source, "configMapRef", "name")
        for variable in container.get("env", []):
            yield _get(variable, "valueFrom", "configMapKeyRef", "name")
    for volume in workload.pod.get("volumes", []):
        yield _get(volume, "configMap", "name")


def _reference_findings(workload, config_maps, accounts, readme):
    for name in _config_maps_used(workload):
        if name and name not in config_maps:
            yield f"{workload.name}: there is no ConfigMap {name}"
    if workload.pod.get("serviceAccountName") not in accounts:
        yield f"{workload.name}: has no ServiceAccount of its own"
    for volume in workload.pod.get("volumes", []):
        secret = _get(volume, "secret", "secretName")
        if secret and f"`{secret}`" not in readme:
            yield f"{workload.name}: the README does not name the Secret {secret}"
        if secret and secret.endswith("-keys") and workload.kind != "Deployment":
            yield f"{workload.name}: only a service needs the keys in {secret}"


def _service_findings(document, workloads):
    name = f"Service {document['metadata']['name']}"
    behind = [w for w in workloads if w.selected_by(document["spec"]["selector"])]
    if [w.kind for w in behind] != ["Deployment"]:
        yield f"{name}: selects {[w.name for w in behind]}, not one Deployment"
    for port in document["spec"]["ports"]:
        for workload in behind:
            if port.get("targetPort", port["port"]) not in workload.ports():
                yield f"{name}: {workload.name} has no port {port.get('targetPort')}"


def _coverage_findings(documents, workloads):
    """Every Deployment has a disruption budget, and every pod a policy of its own."""
    selectors = {"PodDisruptionBudget": [], "NetworkPolicy": []}
    for document in documents:
        if document["kind"] in selectors:
            selector = _get(document, "spec", "podSelector") or _get(document, "spec", "selector")
            selectors[document["kind"]].append(_get(selector or {}, "matchLabels") or {})
    if {} not in selectors["NetworkPolicy"]:
        yield "NetworkPolicy: none forbids what is not opened"
    for workload in workloads:
        for kind, found in selectors.items():
            covered = any(labels and workload.selected_by(labels) for labels in found)
            if not covered and (kind == "NetworkPolicy" or workload.kind == "Deployment"):
                yield f"{workload.name}: no {kind} selects its pods"


def check(documents, readme):
    """Yields a line for each thing that is wrong with the documents of one overlay."""
    workloads = [_Workload(d) for d in documents if d["kind"] in ("Deployment", "Job")]
    named = {
        kind: {d["metadata"]["name"]: d.get("data") or {} for d in documents if d["kind"] == kind}
        for kind in ("ConfigMap", "ServiceAccount")
    }
    for workload in workloads:
        yield from _pod_findings(workload)
        yield from _reference_findings(
            workload, named["ConfigMap"], named["ServiceAccount"], readme
        )
        for container in workload.containers:
            yield from _container_findings(workload, container)
            yield from _variable_findings(workload, container, named["ConfigMap"])
        if workload.kind == "Deployment":
            for container in workload.servers:
                yield from _probe_findings(workload, container)
                yield from _stop_findings(workload, container, named["ConfigMap"])
                yield from _name_findings(workload, container, named["ConfigMap"])
    for document in documents:
        if document["kind"] == "Service":
            yield from _service_findings(document, workloads)
    yield from _coverage_findings(documents, workloads)
    if not workloads:
        yield "nothing runs"


def main(readme, *rendered):
    import yaml  # From the cache; the rules and their test do without.

    readme = pathlib.Path(readme).read_text(encoding="utf-8")
    findings = [
        f"{pathlib.Path(path).stem}: {finding}"
        for path in rendered
        for finding in check(
            list(yaml.safe_load_all(pathlib.Path(path).read_text(encoding="utf-8"))), readme
        )
    ]
    print("\n".join(findings) if findings else "no findings")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
