// Certificates and a login for a broker and its clients, made by openssl for one test.
//
// The broker's certificate names the host `localhost` and no address. A second CA, which signed
// nothing that the broker has, is there to be refused. Files of keys and logins are private, as the
// programs ask for it.
#ifndef PATHWAYS_TESTS_SUPPORT_KAFKA_TLS_H_
#define PATHWAYS_TESTS_SUPPORT_KAFKA_TLS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/support/temp_folder.h"

namespace pathways::testing_support {

class KafkaTls {
 public:
  static constexpr char kUser[] = "pathways-services";
  static constexpr char kPassword[] = "planted-broker-password";

  // UNAVAILABLE: openssl does not do it.
  static absl::StatusOr<std::unique_ptr<KafkaTls>> Make();

  std::string ca() const { return At("ca.pem"); }
  std::string wrong_ca() const { return At("wrong-ca.pem"); }
  // Of a client, signed by the CA.
  std::string certificate() const { return At("client.pem"); }
  std::string key() const { return At("client.key"); }
  // The broker's key and certificate in one file.
  std::string broker() const { return At("broker-all.pem"); }
  std::string login() const { return At("login"); }
  std::string wrong_login() const { return At("wrong-login"); }
  const std::string& folder() const { return folder_.path(); }

 private:
  KafkaTls() = default;
  std::string At(const std::string& name) const { return folder_.path() + "/" + name; }

  const TempFolder folder_;
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_KAFKA_TLS_H_
