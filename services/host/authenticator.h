// Who a caller is, by what it shows.
//
// A transport fills Credentials from whatever its protocol carries; an Authenticator knows one way
// to prove who one is. Tokens are the first (TokenAuthenticator); a certificate's name and an OIDC
// token fill the same Principal.
#ifndef PATHWAYS_SERVICES_HOST_AUTHENTICATOR_H_
#define PATHWAYS_SERVICES_HOST_AUTHENTICATOR_H_

#include "absl/strings/string_view.h"
#include "services/host/principal.h"

namespace pathways::host {

// What a caller shows. Views into the call.
struct Credentials {
  absl::string_view authorization;  // The header of that name, whole. Empty: none.
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // The principal, which lives as long as this object; null where nobody is proved. Any thread;
  // never blocks.
  virtual const Principal* Find(const Credentials& credentials) const = 0;
};

// Bearer tokens of a token file.
class TokenAuthenticator : public Authenticator {
 public:
  // `tokens` must outlive this.
  explicit TokenAuthenticator(const TokenFile& tokens) : tokens_(tokens) {}
  const Principal* Find(const Credentials& credentials) const override {
    constexpr absl::string_view kBearer("Bearer ");
    if (credentials.authorization.substr(0, kBearer.size()) != kBearer) return nullptr;
    return tokens_.Find(credentials.authorization.substr(kBearer.size()));
  }

 private:
  const TokenFile& tokens_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_AUTHENTICATOR_H_
