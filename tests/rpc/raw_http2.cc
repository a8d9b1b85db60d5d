#include "tests/rpc/raw_http2.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"

namespace pathways::testing_support {
namespace {

// Frame types and flags of RFC 9113, section 6.
constexpr char kData = 0;
constexpr char kHeaders = 1;
constexpr char kReset = 3;
constexpr char kSettings = 4;
constexpr char kPing = 6;
constexpr char kWindowUpdate = 8;
constexpr char kAcknowledged = 1;
constexpr char kEndHeaders = 4;
constexpr size_t kFrameHeadBytes = 9;
constexpr size_t kFrameBytesMax = 16'384;
constexpr size_t kCollectedBytesMax = 1 << 20;
// Settings.
constexpr uint32_t kStreamsMax = 3;
constexpr uint32_t kInitialWindow = 4;
constexpr int kWriteMilliseconds = 30'000;

std::string Number(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

uint32_t NumberAt(const std::string& text, size_t at, size_t bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(text[at + i]);
  return value;
}

// A literal header that is not indexed, without Huffman coding (RFC 7541, section 6.2.2).
std::string Literal(const std::string& text) {
  constexpr size_t kPrefixMax = 127;
  if (text.size() < kPrefixMax) return absl::StrCat(std::string(1, char(text.size())), text);
  std::string length(1, static_cast<char>(kPrefixMax));
  size_t left = text.size() - kPrefixMax;
  for (; left >= 128; left /= 128) length += static_cast<char>(left % 128 + 128);
  length += static_cast<char>(left);
  return length + text;
}

}  // namespace

std::optional<int> ConnectTo(int port) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    return connection;
  }
  close(connection);
  return std::nullopt;
}

RawHttp2::RawHttp2(int port, bool acknowledge) : acknowledge_(acknowledge) {
  const std::optional<int> connected = ConnectTo(port);
  is_open_ = connected.has_value();
  socket_ = connected.value_or(-1);
  out_ = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  Frame(kSettings, 0, 0, "");
  Flush();
}

RawHttp2::~RawHttp2() {
  if (socket_ >= 0) close(socket_);
}

uint32_t RawHttp2::OpenCall(const std::string& method, const Headers& more) {
  Headers headers = {{":method", "POST"},
                     {":scheme", "http"},
                     {":path", method},
                     {":authority", "localhost"},
                     {"content-type", "application/grpc"},
                     {"te", "trailers"}};
  headers.insert(headers.end(), more.begin(), more.end());
  std::string block;
  for (const auto& [name, value] : headers) {
    absl::StrAppend(&block, std::string(1, '\0'), Literal(name), Literal(value));
  }
  const uint32_t stream = next_stream_;
  next_stream_ += 2;
  windows_[stream] = first_window_;
  Frame(kHeaders, kEndHeaders, stream, block);
  return stream;
}

void RawHttp2::Reset(uint32_t stream) {
  constexpr uint32_t kCancel = 8;
  windows_.erase(stream);
  Frame(kReset, 0, stream, Number(kCancel, 4));
  if (out_.size() > kCollectedBytesMax) Flush();
}

void RawHttp2::SendSome(uint32_t stream, std::string& bytes) {
  const auto window = windows_.find(stream);
  if (window == windows_.end()) return;  // It is over.
  while (!bytes.empty() && std::min(window_, window->second) > 0) {
    const size_t size = std::min({bytes.size(), kFrameBytesMax, static_cast<size_t>(window_),
                                  static_cast<size_t>(window->second)});
    Frame(kData, 0, stream, bytes.substr(0, size));
    bytes.erase(0, size);
    window_ -= static_cast<int64_t>(size);
    window->second -= static_cast<int64_t>(size);
  }
  if (out_.size() > kCollectedBytesMax) Flush();
}

void RawHttp2::Frame(char type, char flags, uint32_t stream, const std::string& payload) {
  absl::StrAppend(&out_, Number(payload.size(), 3), std::string{type, flags}, Number(stream, 4),
                  payload);
}

void RawHttp2::Flush() {
  size_t sent = 0;
  while (is_open_ && sent < out_.size()) {
    Hear(0);  // A server that cannot write may not read either.
    pollfd writable{socket_, POLLOUT, 0};
    if (poll(&writable, 1, kWriteMilliseconds) <= 0) is_open_ = false;
    const ssize_t count =
        send(socket_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) sent += static_cast<size_t>(count);
    if (count < 0 && errno != EAGAIN) is_open_ = false;
  }
  out_.clear();
}

void RawHttp2::Hear(int milliseconds) {
  pollfd readable{socket_, POLLIN, 0};
  while (is_open_ && poll(&readable, 1, milliseconds) > 0) {
    char part[65'536];
    const ssize_t count = recv(socket_, part, sizeof(part), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) is_open_ = false;
    if (count > 0) in_.append(part, static_cast<size_t>(count));
    milliseconds = 0;
  }
  TakeFrames();
}

void RawHttp2::WaitForPing() {
  is_pinged_ = false;
  Frame(kPing, 0, 0, std::string(8, 'p'));
  Flush();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (is_open_ && !is_pinged_ && std::chrono::steady_clock::now() < deadline) Hear(100);
}

void RawHttp2::TakeFrames() {
  size_t at = 0;
  while (in_.size() - at >= kFrameHeadBytes) {
    const size_t size = NumberAt(in_, at, 3);
    if (in_.size() - at < kFrameHeadBytes + size) break;
    Take(in_[at + 3], in_[at + 4], NumberAt(in_, at + 5, 4),
         in_.substr(at + kFrameHeadBytes, size));
    at += kFrameHeadBytes + size;
  }
  in_.erase(0, at);
}

void RawHttp2::Take(char type, char flags, uint32_t stream, const std::string& payload) {
  const bool is_acknowledged = (flags & kAcknowledged) != 0;
  if (type == kSettings && !is_acknowledged) TakeSettings(payload);
  if (type == kPing && is_acknowledged) is_pinged_ = true;
  if (type == kPing && !is_acknowledged) Frame(kPing, kAcknowledged, 0, payload);
  if (type == kReset) windows_.erase(stream);
  if (type == kWindowUpdate) {
    const uint32_t more = NumberAt(payload, 0, 4);
    if (stream == 0) window_ += more;
    const auto window = windows_.find(stream);
    if (window != windows_.end()) window->second += more;
  }
}

void RawHttp2::TakeSettings(const std::string& payload) {
  for (size_t at = 0; at + 6 <= payload.size(); at += 6) {
    const uint32_t setting = NumberAt(payload, at, 2);
    if (setting == kStreamsMax) streams_max_ = NumberAt(payload, at + 2, 4);
    if (setting != kInitialWindow) continue;
    const int64_t size = NumberAt(payload, at + 2, 4);
    for (auto& [stream, window] : windows_) window += size - first_window_;
    first_window_ = size;
  }
  if (acknowledge_) Frame(kSettings, kAcknowledged, 0, "");
}

}  // namespace pathways::testing_support
