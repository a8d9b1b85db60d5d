// The sample day: imports a file, has the sample agencies answer, and prints what became of it.
//
// Everything goes through gRPC, as desks and agencies would call it: `demo` plays the day on the
// process itself, `play` on services that run elsewhere. Playing a day again on the same data
// registers nobody twice and answers nothing twice.
#ifndef PATHWAYS_SERVICES_EMBEDDED_DEMO_H_
#define PATHWAYS_SERVICES_EMBEDDED_DEMO_H_

#include <functional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "services/cli/output.h"
#include "services/embedded/serving.h"
#include "services/host/grpc/tls.h"

namespace pathways::embedded {

struct DemoOptions {
  std::string import_file;
  std::string answers_file;
  std::string tokens_file;    // Gets a token for the desk and for each agency that has none.
  host::ChannelTlsFiles tls;  // Of calls to services that run elsewhere.
  cli::Format format = cli::Format::kTable;
};

// Makes the tokens a demo needs, before the process starts to serve.
absl::Status AddDemoTokens(const DemoOptions& options);

// Where the services of a day answer, and when they have done with what they were told.
struct DayServices {
  std::string intake;  // host:port, as the two others.
  std::string eligibility;
  std::string referral;
  // Waits until every service has followed the others. DEADLINE_EXCEEDED: they did not.
  std::function<absl::Status()> settle;
};

// The services of this process.
DayServices ServicesOf(Serving& serving);
// Services that run elsewhere. They count as settled when somebody is screened and no count has
// changed for two seconds.
DayServices ServicesAt(const std::string& intake, const std::string& eligibility,
                       const std::string& referral, const DemoOptions& options);

// Plays the day and prints the result. Blocks.
absl::Status PlayDay(const DayServices& services, const DemoOptions& options, std::ostream& out);

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_DEMO_H_
