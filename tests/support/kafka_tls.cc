#include "tests/support/kafka_tls.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace pathways::testing_support {
namespace {

// -x509 makes a CA; the others are signed by it. Kafka reads PKCS #8, which openssl writes.
constexpr char kScript[] = R"(set -e
ca() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout $1.key -out $1.pem
}
signed() {
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout $1.key -out $1.csr
  echo "subjectAltName=$2" >$1.ext
  openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $1.ext -out $1.pem
}
ca ca
ca wrong-ca
signed broker DNS:localhost
signed client DNS:client
cat broker.key broker.pem >broker-all.pem
)";

void WritePrivate(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  (void)chmod(path.c_str(), S_IRUSR | S_IWUSR);
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaTls>> KafkaTls::Make() {
  std::unique_ptr<KafkaTls> made(new KafkaTls());
  WritePrivate(made->At("make.sh"), kScript);
  const std::string command =
      absl::StrCat("cd ", made->folder(), " && umask 077 && sh make.sh >make.log 2>&1");
  if (std::system(command.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat("openssl failed: ", command));
  }
  WritePrivate(made->login(), absl::StrCat(kUser, "\n", kPassword, "\n"));
  WritePrivate(made->wrong_login(), absl::StrCat(kUser, "\nnot-", kPassword, "\n"));
  return made;
}

}  // namespace pathways::testing_support
