// Goal: what passes as a trace is a traceparent of version 00 and nothing else, and hops of one
// trace belong together. Method: one good header, changed in one place per row; then every change
// of one byte, and random bytes from a fixed seed.
#include "services/base/trace.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pathways::base {
namespace {

constexpr char kTraceId[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kGood[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string TraceIdOf(const Trace& trace) { return trace.Format().substr(3, 32); }
std::string ParentIdOf(const Trace& trace) { return trace.Format().substr(36, 16); }

// As the standard says it, apart from the code: no table of digits, no cursor.
bool IsTraceparent(const std::string& text) {
  if (text.size() != 55 || text.compare(0, 3, "00-") != 0) return false;
  if (text[35] != '-' || text[52] != '-') return false;
  std::string digits = text.substr(3);
  digits.erase(49, 1).erase(32, 1);
  if (digits.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
  return digits.substr(0, 32) != std::string(32, '0') &&
         digits.substr(32, 16) != std::string(16, '0');
}

TEST(Trace, AHeaderComesBackAsItWas) {
  for (const std::string& text :
       {std::string(kGood), absl::StrCat("00-", kTraceId, "-00f067aa0ba902b7-00"),
        absl::StrCat("00-", std::string(31, '0'), "1-", std::string(15, '0'), "1-01"),
        absl::StrCat("00-", std::string(32, 'f'), "-", std::string(16, 'f'), "-01")}) {
    const Trace trace = Trace::Parse(text);
    EXPECT_FALSE(trace.IsNone()) << text;
    EXPECT_EQ(trace.Format(), text);
  }
}

TEST(Trace, OfTheFlagsOnlySampledIsPassedOn) {
  const std::string ids = absl::StrCat("00-", kTraceId, "-00f067aa0ba902b7-");
  EXPECT_EQ(Trace::Parse(ids + "ff").Format(), ids + "01");
  EXPECT_EQ(Trace::Parse(ids + "fe").Format(), ids + "00");
  EXPECT_EQ(Trace::Parse(ids + "02").Format(), ids + "00");
}

TEST(Trace, AnythingElseIsNone) {
  const std::string good(kGood);
  const std::string rows[] = {
      "",
      "00",
      "00-",
      std::string(55, '-'),
      std::string(55, '0'),
      std::string(55, '\0'),
      absl::StrCat("01", good.substr(2)),
      absl::StrCat("ff", good.substr(2)),
      absl::StrCat("0g", good.substr(2)),
      absl::StrCat("01", good.substr(2), "-extra"),
      absl::StrCat(good, "-extra"),
      absl::StrCat(good, "-"),
      absl::StrCat(good, " "),
      absl::StrCat(" ", good),
      absl::StrCat(good, "\n"),
      absl::StrCat(good, ",", good),
      good.substr(0, 54),
      good.substr(1),
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A",
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-Mariana Plantado, born 1990-04-17-00f067aa0ba902b7-01",
  };
  for (const std::string& text : rows) {
    const Trace trace = Trace::Parse(text);
    EXPECT_TRUE(trace.IsNone()) << text;
    EXPECT_EQ(trace.Format(), "") << text;
  }
}

TEST(Trace, EveryChangeOfOneByteIsJudgedAsTheStandardSays) {
  for (size_t at = 0; at < sizeof(kGood) - 1; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(kGood);
      text[at] = static_cast<char>(byte);
      const Trace trace = Trace::Parse(text);
      EXPECT_EQ(!trace.IsNone(), IsTraceparent(text)) << at << " " << byte;
      if (trace.IsNone()) continue;
      EXPECT_EQ(trace.Format().substr(0, 53), text.substr(0, 53));
    }
  }
}

TEST(Trace, RandomBytesAreJudgedAsTheStandardSays) {
  std::mt19937 random(20231016);
  // Mostly digits and dashes: plain noise would be refused at its first byte.
  const std::string alphabet("0123456789abcdef0123456789abcdef0123456789abcdef--A \xff", 53);
  int taken = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text(kGood);
    if (round % 2 == 0) text.resize(random() % 60, '0');
    const size_t changes = random() % 8;
    for (size_t i = 0; i < changes && !text.empty(); ++i) {
      text[random() % text.size()] = alphabet[random() % alphabet.size()];
    }
    const bool is_taken = !Trace::Parse(text).IsNone();
    EXPECT_EQ(is_taken, IsTraceparent(text)) << text;
    taken += is_taken ? 1 : 0;
  }
  EXPECT_GT(taken, 1000);
}

TEST(Trace, NewOnesAreGoodAndDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const Trace trace = Trace::New();
    EXPECT_EQ(Trace::Parse(trace.Format()), trace);
    EXPECT_TRUE(absl::EndsWith(trace.Format(), "-00"));
    ids.insert(TraceIdOf(trace));
    ids.insert(ParentIdOf(trace));
  }
  EXPECT_EQ(ids.size(), 2000U);
}

TEST(Trace, AChildKeepsTraceAndFlagsUnderAnIdOfItsOwn) {
  const Trace parent = Trace::Parse(kGood);
  std::set<std::string> ids = {ParentIdOf(parent)};
  for (int i = 0; i < 1000; ++i) {
    const Trace child = parent.Child();
    EXPECT_EQ(TraceIdOf(child), kTraceId);
    EXPECT_TRUE(absl::EndsWith(child.Format(), "-01"));
    ids.insert(ParentIdOf(child));
  }
  EXPECT_EQ(ids.size(), 1001U);
}

TEST(Trace, AChildOfNoneIsANewTrace) {
  const Trace one = Trace().Child();
  const Trace other = Trace().Child();
  EXPECT_FALSE(one.IsNone());
  EXPECT_NE(TraceIdOf(one), TraceIdOf(other));
}

}  // namespace
}  // namespace pathways::base
