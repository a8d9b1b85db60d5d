"""Shows every rule of include_direction.py red on a small tree, and green beside it."""

import pathlib
import tempfile
import unittest

import include_direction


def findings(path, *includes):
    """What the check says of a tree whose one file has these includes."""
    with tempfile.TemporaryDirectory() as root:
        file = pathlib.Path(root, path)
        file.parent.mkdir(parents=True)
        file.write_text("".join(f"#include {include}\n" for include in includes))
        return list(include_direction.check(root))


class IncludeDirectionTest(unittest.TestCase):
    def assert_red(self, path, include, words):
        found = findings(path, include)
        self.assertEqual(1, len(found), found)
        self.assertTrue(found[0].startswith(f"{path}:1: "), found)
        self.assertIn(words, found[0])

    def assert_green(self, path, *includes):
        self.assertEqual([], findings(path, *includes))

    def test_a_room_takes_only_those_before_it(self):
        rooms = ("base", "engine", "follow", "host")
        for i, room in enumerate(rooms):
            for other in (*rooms[i + 1 :], "intake", "eligibility", "referral", "cli", "embedded"):
                with self.subTest(f"{room} {other}"):
                    self.assert_red(
                        f"services/{room}/x.h", f'"services/{other}/x.h"', f"services/{room} takes only"
                    )
            for other in ("type", *rooms[: i + 1]):
                self.assert_green(f"services/{room}/y.cc", f'"services/{other}/x.h"')

    def test_service_includes_no_other(self):
        services = ("intake", "eligibility", "referral")
        for service in services:
            for other in (*services, "cli", "embedded"):
                with self.subTest(f"{service} {other}"):
                    include = f'"services/{other}/main_parts.h"'
                    if service == other:
                        self.assert_green(f"services/{service}/main.cc", include)
                    else:
                        self.assert_red(f"services/{service}/main.cc", include, "no other service")
        self.assert_green("services/embedded/serve.cc", '"services/intake/service.h"')

    def test_the_client_knows_no_room_and_no_service(self):
        path = "services/cli/importer.cc"
        for include in (
            '"services/engine/store/event_store.h"',
            '"services/follow/relay.h"',
            '"services/host/settings.h"',
            '"services/intake/domain/codes.h"',
            '"services/eligibility/policy_file.h"',
            '"services/referral/service.h"',
            '"services/embedded/demo.h"',
        ):
            with self.subTest(include):
                self.assert_red(path, include, "services/cli is a client")
        self.assert_green(
            path,
            '"services/cli/client.h"',
            '"services/type/text.h"',
            '"services/base/ids.h"',
            '"services/host/grpc/tls.h"',
            '"services/intake/domain/validate.h"',
            "<grpcpp/channel.h>",
        )

    def test_type_takes_only_values(self):
        path = "services/type/names.h"
        for include in ('"services/base/ids.h"', '"google/protobuf/any.pb.h"', "<unistd.h>"):
            with self.subTest(include):
                self.assert_red(path, include, "services/type takes only")
        self.assert_green(
            path,
            "<string>",
            '"absl/strings/string_view.h"',
            '"pathways/type/v1/date.pb.h"',
            "<google/protobuf/timestamp.pb.h>",
            '"services/type/dates.h"',
        )

    def test_domain_takes_only_values(self):
        path = "services/intake/domain/decide.cc"
        for include in (
            '"services/base/ids.h"',
            '"services/intake/service.h"',
            "<google/protobuf/text_format.h>",
            "<unistd.h>",
        ):
            with self.subTest(include):
                self.assert_red(path, include, "a domain file takes only")
        self.assert_green(
            path,
            "<vector>",
            '"absl/status/status.h"',
            '"pathways/intake/v1/events.pb.h"',
            '"services/intake/domain/decide.h"',
            '"services/type/stream.h"',
        )
        self.assertEqual(2, len(findings(path, '"pathways/intake/v1/intake_service.grpc.pb.h"')))

    def test_library_only_in_its_adapter(self):
        cases = [  # header, a file that may not include it, files that may
            ("<grpcpp/grpcpp.h>", "services/engine/engine.cc", "services/host/grpc/server.h"),
            ("<grpc/grpc.h>", "services/intake/main.cc", "services/host/grpc/tls.cc"),
            ("<grpcpp/server.h>", "services/type_x/a.h", "services/embedded/serve.cc"),
            ('"pathways/a/v1/a.grpc.pb.h"', "services/intake/main.cc", "tests/intake/rpc_test.cc"),
            ('"pathways/a/v1/a.grpc.pb.h"', "services/intake/main.cc", "bench/load.cc"),
            ("<sqlite3.h>", "services/engine/store/memory.cc", "services/engine/store/sqlite_a.cc"),
            ("<sqlite3.h>", "services/engine/store/sqlite.h", "tests/engine/store_test.cc"),
            ("<libpq-fe.h>", "services/engine/engine.cc", "services/engine/store/postgres.cc"),
            ("<libpq-fe.h>", "services/engine/store/postgres.h", "tests/support/a.cc"),
            ("<sodium.h>", "services/engine/engine.cc", "services/host/keys.cc"),
            ("<sodium.h>", "services/host/keys.h", "services/base/ids.cc"),
            ("<prometheus/counter.h>", "services/host/metrics_http.cc", "services/host/metrics.cc"),
            ("<httplib.h>", "services/host/metrics.cc", "services/host/metrics_http.cc"),
            (
                "<librdkafka/rdkafka.h>",
                "services/follow/bus/kafka.h",
                "services/follow/bus/kafka_topics.cc",
            ),
            ("<librdkafka/rdkafka.h>", "services/follow/relay.cc", "tests/kafka/topics_test.cc"),
            ("<CLI/CLI.hpp>", "services/host/config.cc", "services/embedded/main.cc"),
        ]
        for include, red, green in cases:
            with self.subTest(f"{include} {red}"):
                self.assert_red(red, include, "only its adapter")
                self.assert_green(green, include)

    def test_paths_start_at_the_root(self):
        self.assert_red("tests/engine/a.h", '"../support/x.h"', "from the repository root")
        self.assert_red("tests/engine/a.h", '"a.h"', "from the repository root")
        self.assert_green("tests/engine/a.h", '"tests/engine/a.h"')


if __name__ == "__main__":
    unittest.main()
