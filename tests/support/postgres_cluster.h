// A throw-away PostgreSQL server for a test binary, on a socket in a folder of its own.
//
// TheCluster() starts it on first use, once per process; it is stopped, by its process id alone,
// and removed when the tests end. If the process dies the kernel stops the server. A database is
// one test's; after it, it is emptied and given to a later test, because making and dropping one
// takes ten times as long. The server keeps fsync on, so a crash loses what it would lose anywhere.
// PostgreSQL refuses to run as root: then it runs as `nobody`.
#ifndef PATHWAYS_TESTS_SUPPORT_POSTGRES_CLUSTER_H_
#define PATHWAYS_TESTS_SUPPORT_POSTGRES_CLUSTER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/engine/store/postgres.h"
#include "tests/support/temp_folder.h"

namespace pathways::testing_support {

class PostgresCluster {
 public:
  // Both stop the process when the server does not start.
  PostgresCluster();
  ~PostgresCluster();

  // An empty database; the connection string that leads to it.
  std::string NewDatabase();
  // A copy of a database that nobody uses; the connection string that leads to it.
  std::string CopyOf(const std::string& connection);
  // Empties the databases of the test that has ended. What is still connected is cut off.
  void EmptyDatabases();

  // Stops the server as if it had crashed: no checkpoint, clients are cut off.
  void Crash();
  // Starts it again and waits until it answers.
  void Start();
  // Cuts all connections but this one's own.
  void CutConnections();
  // Stops every process of the server, those of open connections too, so that nothing is answered
  // and nothing ends; and lets them go on.
  void Freeze();
  void Thaw();

 private:
  std::string ConnectionTo(const std::string& database) const;
  // Runs a script.
  void Administer(const std::string& database, const std::string& sql);

  const TempFolder folder_;
  pid_t server_ = -1;
  int databases_ = 0;
  std::vector<std::string> used_;
  std::vector<std::string> empty_;
};

PostgresCluster& TheCluster();

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_POSTGRES_CLUSTER_H_
