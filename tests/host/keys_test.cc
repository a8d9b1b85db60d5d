// Goal: what is sealed opens only with its own person's key and unaltered, the key file is guarded,
// and what is stored can be read by later releases. Method: a key file with known bytes in the
// test's own folder; every single byte altered; golden bytes made in Python.
#include "services/host/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/support/temp_folder.h"

namespace pathways::host {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kKnownKey[] =
    "pathways-master-key-v1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

class KeysTest : public ::testing::Test {
 protected:
  // Writes a file with this text and mode, and gives its path.
  std::string File(const std::string& text, mode_t mode = 0600) const {
    const std::string path = Path("file");
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  std::unique_ptr<Keyring> Known() const {
    auto keyring = Keyring::Load(File(kKnownKey));
    EXPECT_TRUE(keyring.ok()) << keyring.status();
    return *std::move(keyring);
  }

  testing_support::TempFolder folder_;
};

std::string Text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::StatusCode CodeOf(const absl::StatusOr<std::string>& result) {
  return result.status().code();
}

TEST_F(KeysTest, OpensWhatItSealed) {
  const auto keyring = Known();
  const engine::KeyRow key = keyring->NewPersonKey("case-1", "p1");
  EXPECT_EQ(key.stream, "case-1");
  EXPECT_EQ(key.person_id, "p1");
  for (const std::string& plain : {std::string(), std::string("a"), std::string("\0x\0", 3),
                                   std::string("Zoila Planted"), std::string(100'000, 'n')}) {
    const auto sealed = keyring->Seal(key, plain);
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_EQ(sealed->size(), plain.size() + 40);
    const auto opened = keyring->Open(key, *sealed);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(*opened, plain);
  }
}

TEST_F(KeysTest, OpensAfterARestart) {
  const std::string path = Path("master.key");
  ASSERT_EQ(CreateMasterKey(path), absl::OkStatus());
  engine::KeyRow key;
  std::string sealed;
  {
    const auto keyring = Keyring::Load(path);
    ASSERT_TRUE(keyring.ok()) << keyring.status();
    key = (*keyring)->NewPersonKey("case-1", "p1");
    sealed = *(*keyring)->Seal(key, "Zoila Planted");
  }
  EXPECT_EQ(*(*Keyring::Load(path))->Open(key, sealed), "Zoila Planted");
}

TEST_F(KeysTest, ShowsNothingOfTheText) {
  const auto keyring = Known();
  const engine::KeyRow key = keyring->NewPersonKey("case-1", "p1");
  const std::string sealed = *keyring->Seal(key, "Zoila Planted");
  EXPECT_THAT(sealed, Not(HasSubstr("Zoi")));
  EXPECT_THAT(sealed, Not(HasSubstr("nted")));
}

TEST_F(KeysTest, NeverMakesTheSameTwice) {
  const auto keyring = Known();
  const engine::KeyRow key = keyring->NewPersonKey("case-1", "p1");
  std::set<std::string> wrapped;
  std::set<std::string> sealed;
  std::set<std::string> nonces;
  for (int i = 0; i < 100; ++i) {
    wrapped.insert(keyring->NewPersonKey("case-1", "p1").wrapped);
    const std::string text = *keyring->Seal(key, "Zoila Planted");
    nonces.insert(text.substr(0, 24));
    sealed.insert(text.substr(24));
  }
  EXPECT_EQ(wrapped.size(), 100);
  EXPECT_EQ(sealed.size(), 100);
  EXPECT_EQ(nonces.size(), 100);
  // Two keys of one person are two keys, not one key wrapped twice.
  const engine::KeyRow other = keyring->NewPersonKey("case-1", "p1");
  EXPECT_EQ(CodeOf(keyring->Open(other, *keyring->Seal(key, "x"))), absl::StatusCode::kDataLoss);
}

TEST_F(KeysTest, RefusesEveryAlteredByte) {
  const auto keyring = Known();
  const engine::KeyRow key = keyring->NewPersonKey("case-1", "p1");
  const std::string sealed = *keyring->Seal(key, "Zoila Planted");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] ^= 1;
    EXPECT_EQ(CodeOf(keyring->Open(key, altered)), absl::StatusCode::kDataLoss) << i;
    EXPECT_EQ(CodeOf(keyring->Open(key, sealed.substr(0, i))), absl::StatusCode::kDataLoss) << i;
  }
  EXPECT_EQ(CodeOf(keyring->Open(key, sealed + "x")), absl::StatusCode::kDataLoss);
  ASSERT_EQ(key.wrapped.size(), 72);
  for (size_t i = 0; i < key.wrapped.size(); ++i) {
    engine::KeyRow altered = key;
    altered.wrapped[i] ^= 1;
    EXPECT_EQ(CodeOf(keyring->Open(altered, sealed)), absl::StatusCode::kDataLoss) << i;
    EXPECT_EQ(CodeOf(keyring->Seal(altered, "x")), absl::StatusCode::kDataLoss) << i;
    altered.wrapped.resize(i);
    EXPECT_EQ(CodeOf(keyring->Open(altered, sealed)), absl::StatusCode::kDataLoss) << i;
  }
  engine::KeyRow longer = key;
  longer.wrapped.append(4096, 'x');
  EXPECT_EQ(CodeOf(keyring->Open(longer, sealed)), absl::StatusCode::kDataLoss);
}

TEST_F(KeysTest, RefusesWhatIsAnothersUnderTheSameMasterKey) {
  const auto keyring = Known();
  const engine::KeyRow key = keyring->NewPersonKey("case-1", "p1");
  const std::string sealed = *keyring->Seal(key, "Zoila Planted");
  // Another person or case, and names shifted over the boundary between the two.
  const std::pair<std::string, std::string> others[] = {
      {"case-1", "p2"}, {"case-2", "p1"}, {"case-1p", "1"}, {"case-", "1p1"}, {"p1", "case-1"}};
  for (const auto& [stream, person] : others) {
    const engine::KeyRow own = keyring->NewPersonKey(stream, person);
    const absl::Status status = keyring->Open(own, sealed).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << stream << " " << person;
    EXPECT_THAT(std::string(status.message()), HasSubstr("what is sealed"));
    const engine::KeyRow swapped{stream, person, key.wrapped};
    const absl::Status of_row = keyring->Open(swapped, sealed).status();
    EXPECT_EQ(of_row.code(), absl::StatusCode::kDataLoss) << stream << " " << person;
    EXPECT_THAT(std::string(of_row.message()), HasSubstr("data key"));
    EXPECT_EQ(CodeOf(keyring->Seal(swapped, "x")), absl::StatusCode::kDataLoss);
  }
  // A wrapped key is not a sealed text of the same person.
  EXPECT_EQ(CodeOf(keyring->Open(key, key.wrapped)), absl::StatusCode::kDataLoss);
}

TEST_F(KeysTest, AnotherMasterKeyOpensNothingAndHashesOtherwise) {
  const auto keyring = Known();
  const engine::KeyRow key = keyring->NewPersonKey("case-1", "p1");
  const std::string sealed = *keyring->Seal(key, "Zoila Planted");
  ASSERT_EQ(CreateMasterKey(Path("other.key")), absl::OkStatus());
  const auto other = *Keyring::Load(Path("other.key"));
  EXPECT_EQ(CodeOf(other->Open(key, sealed)), absl::StatusCode::kDataLoss);
  EXPECT_NE(other->Fingerprint("x"), keyring->Fingerprint("x"));
  EXPECT_NE(other->RequestKey("a", "b", "c"), keyring->RequestKey("a", "b", "c"));
}

TEST_F(KeysTest, NeverReplacesAMasterKey) {
  const std::string path = Path("master.key");
  ASSERT_EQ(CreateMasterKey(path), absl::OkStatus());
  const std::string first = Text(path);
  EXPECT_THAT(first, ::testing::MatchesRegex("pathways-master-key-v1 [0-9a-f]+\n"));
  EXPECT_EQ(first.size(), 88);
  struct stat about = {};
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600);
  EXPECT_EQ(CreateMasterKey(path).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Text(path), first);
  // Also where it is no key, or a link to nowhere: somebody put it there.
  ASSERT_EQ(symlink("nowhere", Path("link").c_str()), 0);
  EXPECT_EQ(CreateMasterKey(Path("link")).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(CreateMasterKey(File("")).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Text(Path("file")), "");
  EXPECT_EQ(CreateMasterKey(Path("none/master.key")).code(), absl::StatusCode::kUnavailable);
  // No temporary file stays behind.
  const std::filesystem::directory_iterator files(folder_.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 3);
}

TEST_F(KeysTest, OneOfManyMakersWins) {
  const std::string path = Path("master.key");
  std::vector<absl::Status> results(8);
  {
    std::vector<std::jthread> threads;
    for (absl::Status& result : results) {
      threads.emplace_back([&] { result = CreateMasterKey(path); });
    }
  }
  EXPECT_EQ(std::count(results.begin(), results.end(), absl::OkStatus()), 1);
  EXPECT_EQ(std::count_if(results.begin(), results.end(), absl::IsAlreadyExists), 7);
  EXPECT_TRUE(Keyring::Load(path).ok());
}

TEST_F(KeysTest, TakesOnlyAPrivateFile) {
  for (const mode_t mode : {0600, 0400, 0700}) {
    EXPECT_TRUE(Keyring::Load(File(kKnownKey, mode)).ok()) << mode;
  }
  for (const mode_t mode : {0640, 0620, 0610, 0604, 0602, 0601, 0644, 0666}) {
    EXPECT_EQ(Keyring::Load(File(kKnownKey, mode)).status().code(),
              absl::StatusCode::kFailedPrecondition)
        << mode;
  }
}

TEST_F(KeysTest, TakesOnlyItsOwnersFile) {
  std::string path = "/etc/passwd";  // Root's, unless root runs the test.
  if (geteuid() == 0) {
    path = File(kKnownKey);
    ASSERT_EQ(chown(path.c_str(), 1, 1), 0);
  }
  EXPECT_EQ(
      Keyring::Load(path).status(),
      absl::FailedPreconditionError(path + ": must be owned by the user who runs the program"));
}

TEST_F(KeysTest, SaysWhatIsNoKeyFile) {
  EXPECT_EQ(Keyring::Load(Path("none")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Keyring::Load(folder_.path()).status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(Keyring::Load(Path("pipe")).status().code(), absl::StatusCode::kInvalidArgument);
  const std::string known(kKnownKey);
  const std::string line = known.substr(0, known.size() - 1);
  EXPECT_TRUE(Keyring::Load(File(line)).ok());
  const std::string not_keys[] = {"",
                                  "\n",
                                  line.substr(23),
                                  "pathways-master-key-v2" + line.substr(22),
                                  " " + line,
                                  line + "0",
                                  line + "00",
                                  line.substr(0, line.size() - 1),
                                  line.substr(0, line.size() - 1) + "g",
                                  line + "\n\n",
                                  line + "\r\n",
                                  line + std::string(2000, '\n')};
  for (const std::string& text : not_keys) {
    const absl::Status status = Keyring::Load(File(text)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("0001020304")));
  }
}

TEST_F(KeysTest, KeepsPartsOfARequestKeyApart) {
  const auto keyring = Known();
  const std::vector<std::string> parts[] = {
      {"staff/a", "Register", "1"}, {"staff/aR", "egister", "1"},
      {"staff/", "aRegister", "1"}, {"staff/a", "Register1", ""},
      {"staff/a", "Registe", "r1"}, {"", "staff/aRegister", "1"},
      {"staff/aRegister1", "", ""}, {"", "", "staff/aRegister1"},
      {"Register", "staff/a", "1"}, {std::string("staff/a\0", 8), "Register", "1"}};
  std::set<std::string> keys;
  for (const auto& part : parts) {
    const std::string key = keyring->RequestKey(part[0], part[1], part[2]);
    EXPECT_EQ(key, keyring->RequestKey(part[0], part[1], part[2]));
    EXPECT_TRUE(keys.insert(key).second) << part[0] << " " << part[1] << " " << part[2];
  }
}

// Requests that a store remembers must be known again after every update of the program.
TEST_F(KeysTest, HashesAsReleasedBefore) {
  const auto keyring = Known();
  EXPECT_EQ(absl::BytesToHexString(keyring->Fingerprint("")),
            "583e21fe5dcd6c2d315ec55589b05d145ebd69bbbc1e30977782d44d2ddc518d");
  EXPECT_EQ(absl::BytesToHexString(keyring->Fingerprint("content")),
            "2b4a33adfb3f977c2f2a09d74dd2bec395541ad35d5042fdc507c783ca566a26");
  EXPECT_EQ(absl::BytesToHexString(keyring->RequestKey("staff/desk-1", "RegisterCase", "r-1")),
            "ebd4eb293d8df138107c6d5040760fd5596f6f80d06a397d8a4b7e8189acaf72");
}

// Identities that a store holds must open after every update of the program.
TEST_F(KeysTest, OpensWhatWasSealedBefore) {
  const engine::KeyRow key{
      "case-1", "p1",
      absl::HexStringToBytes(
          "c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedff5d753cdb6e6dd83e08a62b6293"
          "2700357701732796d8ab7c10d6ca8141c0fe17ddcfa505375d89bddf2ae9d32e96038")};
  const auto opened = Known()->Open(
      key, absl::HexStringToBytes("32333435363738393a3b3c3d3e3f40414243444546474849c7e582fe3df95a99"
                                  "f8aa69e233740b5727b436ce510c7ae32863418edf"));
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(*opened, "Zoila Planted");
}

}  // namespace
}  // namespace pathways::host
