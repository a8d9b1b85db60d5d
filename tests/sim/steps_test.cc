// Goal: an engine that goes by steps does what one with a thread does, when it is told to.
// Method: the engine over the store in memory, with a domain of a few lines.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/engine/engine.h"
#include "services/follow/submit.h"
#include "tests/engine/text_domain.h"
#include "tests/sim/memory_store.h"

namespace pathways::sim {
namespace {

class StepsTest : public testing::Test {
 protected:
  static engine::EngineOptions Options() {
    engine::EngineOptions options;
    options.drive = base::Drive::kSteps;
    options.batch_max = 2;
    return options;
  }
  static engine::Command Say(const std::string& stream) {
    return {stream, "hello", engine::RequestOrigin{stream, "print", "staff/test", "Test"}, {}};
  }
  void Submit(engine::Engine& engine, const std::string& stream) {
    engine.Submit(Say(stream),
                  [this](const engine::Answer& answer) { answers_.push_back(answer.status); });
  }

  base::ManualClock clock_{absl::UnixEpoch()};
  MemoryStore store_{clock_, "store-1"};
  engine::TextDomain domain_;
  std::vector<absl::Status> answers_;
};

TEST_F(StepsTest, AStepIsOneBatch) {
  engine::Engine engine(domain_, store_, Options());
  for (const char* stream : {"a", "b", "c"}) Submit(engine, stream);
  EXPECT_TRUE(answers_.empty());
  EXPECT_TRUE(engine.RunOnce());
  EXPECT_EQ(answers_.size(), 2u);
  EXPECT_TRUE(engine.RunOnce());
  EXPECT_EQ(answers_.size(), 3u);
  EXPECT_FALSE(engine.RunOnce());
}

TEST_F(StepsTest, WhoeverWaitsDrivesTheEngine) {
  engine::Engine engine(domain_, store_, Options());
  EXPECT_TRUE(follow::SubmitAll(engine, {Say("a"), Say("b"), Say("c")}).ok());
  EXPECT_EQ(store_.ReadHeads("", 10)->size(), 3u);
}

TEST_F(StepsTest, DrainEndsWhatWaits) {
  engine::Engine engine(domain_, store_, Options());
  for (const char* stream : {"a", "b", "c"}) Submit(engine, stream);
  engine.Drain();
  EXPECT_EQ(answers_, std::vector<absl::Status>(3));
}

TEST_F(StepsTest, OneThatIsDroppedCommitsNothing) {
  {
    engine::Engine engine(domain_, store_, Options());
    Submit(engine, "a");
  }
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(absl::IsUnavailable(answers_[0]));
  EXPECT_TRUE(store_.ReadHeads("", 10)->empty());
}

}  // namespace
}  // namespace pathways::sim
