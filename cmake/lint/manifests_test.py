"""Shows every rule of manifests.py red on a small system, and green beside it."""

import json
import unittest

import manifests

README = "The Secrets: `intake-keys`."
HARDENED = {
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
RESOURCES = {kind: {"cpu": "1", "memory": "64Mi"} for kind in ("requests", "limits")}
POD = {
    "serviceAccountName": "account",
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
SERVER = {
    "name": "server",
    "image": "registry.example/pathways-intake:1.0",
    "envFrom": [{"configMapRef": {"name": "settings"}}],
    "ports": [{"name": "grpc", "containerPort": 1}, {"name": "health", "containerPort": 2}],
    "startupProbe": {"grpc": {"port": 2}},
    "livenessProbe": {"grpc": {"port": 2}},
    "readinessProbe": {"grpc": {"port": 2, "service": "pathways.intake.v1.IntakeService"}},
    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    "securityContext": HARDENED,
    "resources": RESOURCES,
}
MIGRATE = {
    "name": "migrate",
    "image": "pathways-tools@sha256:00",
    "env": [
        {
            "name": "PATHWAYS_DATABASE",
            "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "PATHWAYS_DATABASE"}},
        }
    ],
    "securityContext": HARDENED,
    "resources": RESOURCES,
}


def clone(value):
    """A copy that shares nothing, also not within itself, as copy.deepcopy would."""
    return json.loads(json.dumps(value))


def document(kind, name, **rest):
    return {"kind": kind, "metadata": {"name": name}, **rest}


def workload(kind, name, labels, pod):
    template = {"metadata": {"labels": labels}, "spec": pod}
    return document(kind, name, spec={"template": template})


def system():
    """A system without a fault. Each test breaks one thing in a copy of its own."""
    volume = {"name": "keys", "secret": {"secretName": "intake-keys"}}
    server_pod = POD | {
        "terminationGracePeriodSeconds": 41,
        "containers": [SERVER],
        "volumes": [volume],
    }
    server, job = {"component": "server"}, {"component": "job"}
    return clone(
        {
            "settings": document("ConfigMap", "settings", data={"PATHWAYS_DRAIN_SECONDS": "20"}),
            "account": document("ServiceAccount", "account"),
            "server": workload("Deployment", "intake", server, server_pod),
            "job": workload("Job", "migrate", job, POD | {"containers": [MIGRATE]}),
            "service": document(
                "Service",
                "api",
                spec={"selector": server, "ports": [{"port": 9, "targetPort": "grpc"}]},
            ),
            "budget": document(
                "PodDisruptionBudget", "intake", spec={"selector": {"matchLabels": server}}
            ),
            "deny": document("NetworkPolicy", "default", spec={"podSelector": {}}),
            "server_policy": document(
                "NetworkPolicy", "server", spec={"podSelector": {"matchLabels": server}}
            ),
            "job_policy": document(
                "NetworkPolicy", "job", spec={"podSelector": {"matchLabels": job}}
            ),
        }
    )


def findings(documents, readme=README):
    return list(manifests.check(list(documents.values()), readme))


def pod_of(documents, name="server"):
    return documents[name]["spec"]["template"]["spec"]


def container_of(documents, name="server"):
    return pod_of(documents, name)["containers"][0]


class ManifestsTest(unittest.TestCase):
    def assert_red(self, documents, *words, readme=README):
        """One finding, which says these words."""
        found = findings(documents, readme)
        self.assertEqual(1, len(found), found)
        for word in words:
            self.assertIn(word, found[0])

    def test_a_system_without_a_fault_is_green(self):
        self.assertEqual([], findings(system()))

    def test_nothing_to_check_is_red(self):
        self.assertIn("nothing runs", findings({"deny": system()["deny"]}))

    def test_pod_rights(self):
        for name, value in (
            ("automountServiceAccountToken", True),
            ("enableServiceLinks", True),
            ("hostNetwork", True),
            ("hostPID", True),
            ("hostIPC", True),
        ):
            for target in ("server", "job"):
                with self.subTest(f"{target} {name}"):
                    documents = system()
                    pod_of(documents, target)[name] = value
                    self.assert_red(documents, name)
        for name, value in (("runAsNonRoot", False), ("runAsUser", 0), ("seccompProfile", {})):
            with self.subTest(name):
                documents = system()
                pod_of(documents)["securityContext"][name] = value
                self.assert_red(documents, name)
        documents = system()
        pod_of(documents)["volumes"].append({"name": "node", "hostPath": {"path": "/"}})
        self.assert_red(documents, "volume node")

    def test_container_rights(self):
        for name, value in (
            ("readOnlyRootFilesystem", False),
            ("allowPrivilegeEscalation", True),
            ("capabilities", {"drop": ["NET_RAW"]}),
            ("capabilities", {"drop": ["ALL"], "add": ["NET_RAW"]}),
        ):
            with self.subTest(name):
                documents = system()
                container_of(documents)["securityContext"][name] = value
                self.assert_red(documents, name)

    def test_init_containers_count(self):
        documents = system()
        pod_of(documents)["initContainers"] = [clone(MIGRATE)]
        self.assertEqual([], findings(documents))
        del pod_of(documents)["initContainers"][0]["securityContext"]["readOnlyRootFilesystem"]
        self.assert_red(documents, "Deployment intake, migrate", "readOnlyRootFilesystem")

    def test_bounds(self):
        for kind in ("requests", "limits"):
            for resource in ("cpu", "memory"):
                with self.subTest(f"{kind} {resource}"):
                    documents = system()
                    del container_of(documents)["resources"][kind][resource]
                    self.assert_red(documents, f"{kind}.{resource}")

    def test_images(self):
        for image in (
            "pathways-intake",
            "pathways-intake:latest",
            "registry.example:5000/pathways-intake",
        ):
            with self.subTest(image):
                documents = system()
                container_of(documents)["image"] = image
                self.assert_red(documents, "other than latest")
        documents = system()
        container_of(documents)["image"] = "registry.example:5000/pathways-intake:1@sha256:00"
        self.assertEqual([], findings(documents))
        container_of(documents, "job")["image"] = "busybox:1"
        self.assertIn("none of ours", findings(documents)[0])

    def test_probes(self):
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            with self.subTest(kind):
                documents = system()
                container_of(documents)[kind]["grpc"]["port"] = 3
                self.assert_red(documents, kind, "port 3")
                container_of(documents)[kind] = {"tcpSocket": {"port": 2}}
                self.assert_red(documents, f"no {kind}")
        documents = system()
        container_of(documents)["readinessProbe"]["grpc"]["service"] = ""
        self.assert_red(documents, "must ask for the service")
        documents = system()
        service = "pathways.intake.v1.IntakeService"
        container_of(documents)["livenessProbe"]["grpc"]["service"] = service
        self.assert_red(documents, "must ask for the process")

    def test_variables_are_settings_of_the_program(self):
        documents = system()
        data = documents["settings"]["data"]
        data["PATHWAYS_REFERRAL_ADDRESS"] = "referral:1"
        self.assertEqual([], findings(documents))
        data["PATHWAYS_POLICIES"] = "/policies"  # A setting of eligibility.
        self.assert_red(documents, "PATHWAYS_POLICIES")
        documents = system()
        container_of(documents, "job")["env"].append({"name": "PATHWAYS_LISTEN", "value": ":1"})
        self.assert_red(documents, "Job migrate", "PATHWAYS_LISTEN")

    def test_pods_of_a_deployment_have_no_lasting_names(self):
        documents = system()
        field = {"fieldRef": {"fieldPath": "metadata.name"}}
        container_of(documents)["env"] = [{"name": "PATHWAYS_KAFKA_INSTANCE", "valueFrom": field}]
        self.assert_red(documents, "needs lasting names")

    def test_time_to_stop(self):
        documents = system()
        pod_of(documents)["terminationGracePeriodSeconds"] = 40
        self.assert_red(documents, "more than 40")
        del pod_of(documents)["terminationGracePeriodSeconds"]  # Kubernetes' default is 30.
        self.assert_red(documents, "more than 40")
        documents = system()
        del container_of(documents)["lifecycle"]
        self.assert_red(documents, "no preStop sleep")

    def test_references(self):
        documents = system()
        pod_of(documents)["volumes"].append({"name": "a", "configMap": {"name": "agencies"}})
        self.assert_red(documents, "no ConfigMap agencies")
        documents = system()
        variable = container_of(documents, "job")["env"][0]
        variable["valueFrom"]["configMapKeyRef"]["name"] = "other"
        self.assert_red(documents, "no ConfigMap other")
        documents = system()
        del pod_of(documents)["serviceAccountName"]
        self.assert_red(documents, "ServiceAccount")

    def test_secrets(self):
        self.assert_red(system(), "intake-keys", readme="`intake-keys-old`")
        documents = system()
        pod_of(documents, "job")["volumes"] = pod_of(documents)["volumes"]
        self.assert_red(documents, "Job migrate", "only a service")

    def test_services_lead_to_one_deployment(self):
        documents = system()
        documents["service"]["spec"]["ports"][0]["targetPort"] = "http"
        self.assert_red(documents, "no port http")
        for selector in ({}, {"component": "job"}, {"component": "none"}):
            with self.subTest(selector):
                documents = system()
                documents["service"]["spec"] = {"selector": selector, "ports": []}
                self.assert_red(documents, "not one Deployment")

    def test_every_pod_is_covered(self):
        for missing, words in (
            ("budget", "Deployment intake: no PodDisruptionBudget"),
            ("server_policy", "Deployment intake: no NetworkPolicy"),
            ("job_policy", "Job migrate: no NetworkPolicy"),
            ("deny", "none forbids"),
        ):
            with self.subTest(missing):
                documents = system()
                del documents[missing]
                self.assert_red(documents, words)


if __name__ == "__main__":
    unittest.main()
