// Goal: nothing that leaves this machine is taken for loopback. Method: tables.
#include "services/base/address.h"

#include <gtest/gtest.h>

#include <string>

namespace pathways::base {
namespace {

TEST(AddressTest, LoopbackIsThisMachineAlone) {
  for (const char* host : {"127.0.0.1", "127.0.0.2", "127.255.255.255", "::1", "0:0:0:0:0:0:0:1",
                           "localhost", "LocalHost"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host :
       {"", "0.0.0.0", "::", "126.255.255.255", "128.0.0.1", "192.168.0.1", "127.1", "127.0.0.1.",
        "127.0.0.1.example.org", "0x7f.0.0.1", "2130706433", "localhost.", "localhost.example.org",
        "ip6-localhost", "::ffff:127.0.0.1", "::1%lo", "[::1]", "::2", "example.org"}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
  EXPECT_FALSE(IsLoopback(absl::string_view("127.0.0.1\0.example.org", 22)));
}

TEST(AddressTest, AnAddressIsHostAndPort) {
  const auto v6 = ParseAddress("[::1]:50051");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 50051);
  for (const char* text : {"", ":1", "localhost", "localhost:", "::1:1", "dns:///localhost:1",
                           "unix:/tmp/x", "ipv4:127.0.0.1:1", "localhost:65536"}) {
    EXPECT_FALSE(ParseAddress(text)) << text;
  }
}

}  // namespace
}  // namespace pathways::base
