// A running site for tests: all services in this process on a folder of its own, with one principal
// of each kind, and calls to it over loopback.
//
// Calls are made as one of the principals below, through the command line's client or, where bytes
// or streams matter, over the channel. Its clock stands still until it is moved. All people are
// synthetic.
#ifndef PATHWAYS_TESTS_RPC_SITE_H_
#define PATHWAYS_TESTS_RPC_SITE_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/base/clock.h"
#include "services/base/log.h"
#include "services/cli/client.h"
#include "services/host/metrics.h"
#include "services/host/together.h"
#include "tests/support/temp_folder.h"

namespace pathways::testing_support {

// Principals of a site.
inline constexpr char kDesk[] = "staff/desk";
inline constexpr char kViewer[] = "staff/viewer";
inline constexpr char kUnhcr[] = "agency/unhcr-mx";
inline constexpr char kComar[] = "agency/comar";
inline constexpr char kServicePrincipal[] = "service/referral";
inline constexpr char kOperator[] = "operator/ops";
inline constexpr char kOfficer[] = "staff/officer";
inline constexpr char kSecondOfficer[] = "staff/officer-2";
inline constexpr char kReviewerOne[] = "staff/reviewer-1";
inline constexpr char kReviewerTwo[] = "staff/reviewer-2";

// A name that no other text holds.
inline constexpr char kPlanted[] = "Plantado";

// What a call over the wire came back with.
struct RawAnswer {
  grpc::Status status;
  std::vector<std::string> responses;  // Serialised.
};

// Calls a method by its full name with a serialised request, and reads to the end. An empty token
// is not sent.
RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::string& token, const std::string& request);

// One adult who meets the conditions of us-refugee-resettlement and of no other pathway.
intake::v1::RegisterCaseRequest Registration();

std::string NewRequestId();

// "OK", or code name and reason.
std::string Describe(const absl::Status& status);

class Site {
 public:
  using Change = std::function<void(host::HostSettings&)>;

  // Starts; stops the process when that fails. Listens on any free port. `change` is asked before
  // each start.
  explicit Site(Change change = nullptr);
  ~Site();

  host::Together& services() { return *services_; }
  base::ManualClock& clock() { return clock_; }
  const std::shared_ptr<grpc::Channel>& channel() { return channel_; }
  const std::string& token(const std::string& principal) const { return tokens_.at(principal); }
  const std::string& data_folder() const { return folder_.path(); }
  // Of the pack that the ledger began with.
  static std::string PolicyFolder();
  // What is started, with a data folder; its keys and tokens are this site's.
  host::TogetherPlan PlanIn(const std::string& data_folder) const;
  cli::Client& As(const std::string& principal) { return *clients_.at(principal); }
  // Adds the principal's token and a deadline of half a minute.
  void Prepare(grpc::ClientContext& context, const std::string& principal);

  // Stops and starts again on the same folder, on another port.
  void Restart();
  void Stop();
  // Waits until all services have followed the others.
  bool Settle();

  // Registers a case, waits until it is screened and referred, and gives its name.
  std::string RegisterAndSettle(const intake::v1::RegisterCaseRequest& request = Registration());

  // What the process has logged so far, at every level.
  std::string logged();

  // The process's metrics, as Prometheus reads them.
  std::string metrics() { return metrics_->Text(); }

  // Runs SQL in one service's database; its rows, columns joined by |.
  std::vector<std::string> Sql(const std::string& service, const std::string& sql);

 private:
  void Start();
  std::string MasterKey() const { return folder_.path() + "/master.key"; }
  std::string Tokens() const { return folder_.path() + "/tokens"; }

  TempFolder folder_;
  const Change change_;
  std::map<std::string, std::string> tokens_;
  base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  std::mutex mutex_;  // Guards logged_.
  std::string logged_;
  base::Logger log_;
  std::unique_ptr<host::Metrics> metrics_;
  std::unique_ptr<host::Together> services_;
  std::shared_ptr<grpc::Channel> channel_;
  std::map<std::string, std::unique_ptr<cli::Client>> clients_;
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_RPC_SITE_H_
