// A client of HTTP/2 (RFC 9113) that keeps to the framing and to nothing else.
//
// For tests of what a server does with a caller that a gRPC library would never be: headers with
// any bytes, messages that never end, streams that are reset as soon as they are open. It sends no
// more than flow control allows, for a server cuts off whoever does. One thread at a time.
#ifndef PATHWAYS_TESTS_RPC_RAW_HTTP2_H_
#define PATHWAYS_TESTS_RPC_RAW_HTTP2_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pathways::testing_support {

// A TCP connection to a port of this machine; nothing where none could be made. To be closed.
std::optional<int> ConnectTo(int port);

class RawHttp2 {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // Connects and sends the preface. `acknowledge`: tells the server that its settings are heard.
  explicit RawHttp2(int port, bool acknowledge = true);
  ~RawHttp2();
  RawHttp2(const RawHttp2&) = delete;
  RawHttp2& operator=(const RawHttp2&) = delete;

  // Opens a stream for a gRPC call of `method`, with more headers. Its number.
  uint32_t OpenCall(const std::string& method, const Headers& more = {});
  void Reset(uint32_t stream);
  // As much of `bytes` as the server takes at once; what it took is cut off at the front.
  void SendSome(uint32_t stream, std::string& bytes);
  // What was collected so far goes out, and frames that came are heard.
  void Flush();
  // Waits, at most `milliseconds`, for something from the server, and hears it.
  void Hear(int milliseconds);
  // Until the server closes the connection, answers a ping, or half a minute is over.
  void WaitForPing();

  bool is_open() const { return is_open_; }
  // How many streams the server allows at once; nothing before it said so.
  std::optional<uint32_t> streams_max() const { return streams_max_; }

 private:
  void Frame(char type, char flags, uint32_t stream, const std::string& payload);
  void TakeFrames();
  void Take(char type, char flags, uint32_t stream, const std::string& payload);
  void TakeSettings(const std::string& payload);

  const bool acknowledge_;
  int socket_ = -1;
  bool is_open_ = false;
  bool is_pinged_ = false;
  std::string out_;
  std::string in_;
  uint32_t next_stream_ = 1;
  std::optional<uint32_t> streams_max_;
  int64_t window_ = 65'535;  // Of the connection.
  int64_t first_window_ = 65'535;
  std::map<uint32_t, int64_t> windows_;
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_RPC_RAW_HTTP2_H_
