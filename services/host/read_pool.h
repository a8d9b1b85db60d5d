// A few threads for reads, so that no handler blocks a gRPC thread.
//
// Handlers hand over work that reads the store; when more waits than the pool holds, the work is
// refused and the caller is told to come back. Thread-safe.
#ifndef PATHWAYS_SERVICES_HOST_READ_POOL_H_
#define PATHWAYS_SERVICES_HOST_READ_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pathways::host {

class ReadPool {
 public:
  ReadPool(int threads, size_t queue_max);
  // Runs what is queued, then stops.
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  // False: too much is waiting, or the pool stops; `work` will not be run.
  bool Submit(std::function<void()> work);
  // The same for what must not be refused, because it ends what was begun and is bounded there.
  // False: the pool stops.
  bool SubmitAlways(std::function<void()> work);
  void Stop();

 private:
  bool Queue(std::function<void()> work, size_t queue_max);
  void Run();

  const size_t queue_max_;
  std::mutex mutex_;  // Guards queue_ and stopping_.
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_READ_POOL_H_
