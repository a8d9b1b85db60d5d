#include "services/host/grpc/tls.h"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/address.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"

namespace pathways::host {
namespace {

constexpr size_t kKeyBytesMax = 1 << 16;
constexpr char kCertificateBegins[] = "-----BEGIN CERTIFICATE-----";

bool IsSet(Settings& settings, const std::string& name) {
  return !settings.Text(name, Presence::kOptional).empty();
}

}  // namespace

absl::StatusOr<std::string> ReadCertificates(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!absl::StrContains(text, kCertificateBegins)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no certificate in PEM is in it"));
  }
  return text;
}

absl::StatusOr<std::string> ReadTlsKey(const std::string& path) {
  return base::ReadPrivateFile(path, kKeyBytesMax);
}

absl::Status CheckTlsFiles(const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    return absl::InvalidArgumentError("a certificate and its key go together; one is missing");
  }
  if (files.certificate.empty() && !files.client_ca.empty()) {
    return absl::InvalidArgumentError(
        "to ask clients for a certificate the server needs one, and its key");
  }
  absl::Status first;
  std::string faults;
  const auto note = [&](const absl::Status& status) {
    if (status.ok()) return;
    absl::StrAppend(&faults, faults.empty() ? "" : "\n", std::string(status.message()));
    if (first.ok()) first = status;
  };
  if (!files.certificate.empty()) {
    note(ReadCertificates(files.certificate).status());
    note(ReadTlsKey(files.key).status());
  }
  if (!files.client_ca.empty()) note(ReadCertificates(files.client_ca).status());
  return first.ok() ? first : absl::Status(first.code(), faults);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsFor(
    const std::string& address, const ChannelTlsFiles& files) {
  const std::optional<base::Address> parsed = base::ParseAddress(address);
  if (!parsed) {
    return absl::InvalidArgumentError("an address of a service is host:port or [IPv6]:port");
  }
  if (files.certificate.empty() != files.key.empty()) {
    return absl::InvalidArgumentError("a certificate and its key go together; one is missing");
  }
  if (files.ca.empty()) {
    if (!files.certificate.empty()) {
      return absl::InvalidArgumentError(
          "a certificate is shown over TLS only, which needs the certificates that the service's "
          "must come from (--tls-ca)");
    }
    if (!base::IsLoopback(parsed->host)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the address of the service is not ", base::kLoopbackHosts,
          ": without TLS the token and what is answered would be read on the way; name the file "
          "of certificates that the service's must come from (--tls-ca)"));
    }
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions ssl;
  ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadCertificates(files.ca));
  if (!files.certificate.empty()) {
    ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadCertificates(files.certificate));
    ASSIGN_OR_RETURN(ssl.pem_private_key, ReadTlsKey(files.key));
  }
  return grpc::SslCredentials(ssl);
}

void ExpectTls(Settings& settings, const std::vector<std::string>& upstreams) {
  const bool has_certificate = IsSet(settings, "tls-certificate");
  const bool has_key = IsSet(settings, "tls-key");
  if (has_key && !has_certificate) {
    settings.Expect("tls-certificate", "a file, for tls-key is set");
  }
  if (has_certificate && !has_key) {
    settings.Expect("tls-key", "a file, for tls-certificate is set");
  }
  if (!has_certificate && IsSet(settings, "tls-client-ca")) {
    settings.Expect("tls-certificate", "a file, for tls-client-ca is set");
  }
  // What is not an address is told by whoever reads it.
  const auto is_remote = [&settings](const std::string& name) {
    const auto address = base::ParseAddress(settings.Text(name, Presence::kOptional));
    return address && !base::IsLoopback(address->host);
  };
  if (!has_certificate && is_remote("listen")) {
    settings.Expect("tls-certificate",
                    absl::StrCat("a file, for listen is not ", base::kLoopbackHosts,
                                 ": tokens would be read on the way"));
  }
  if (IsSet(settings, "tls-ca")) return;
  for (const std::string& upstream : upstreams) {
    if (!is_remote(upstream + "-address")) continue;
    settings.Expect("tls-ca",
                    absl::StrCat("a file, for ", upstream, "-address is not ", base::kLoopbackHosts,
                                 ": the service token would be read on the way"));
  }
}

}  // namespace pathways::host
