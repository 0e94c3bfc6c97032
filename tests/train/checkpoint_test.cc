#include "normlab/train/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>

#include "normlab/base/error.h"
#include "normlab/base/file.h"

namespace normlab {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("normlab-checkpoint-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~CheckpointTest() override { std::filesystem::remove_all(folder_); }

  static Checkpoint after(int epochs) {
    Checkpoint checkpoint;
    checkpoint.settings = "name = \"GN\"\ntext = '''\n\\ \" ä'''\n";
    checkpoint.state.epochs_done = epochs;
    const auto value = static_cast<float>(epochs);
    checkpoint.state.parameters = {0.1f * value, -0.0f, 1e-45f, std::numeric_limits<float>::max()};
    checkpoint.state.velocity = {0.3f, -1.5f, 0.0f, 1e-20f};
    checkpoint.state.buffers = {value};
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      EpochRecord record;
      record.epoch = epoch;
      record.learning_rate = 0.1 / epoch;
      record.train_loss = 1.0 / 3 / epoch;
      record.train_accuracy = 100.0 / 7;
      record.train_objective = 2.0 / 3;
      record.test_loss = std::numeric_limits<double>::denorm_min();
      record.test_accuracy = 99.23;
      record.test_correct = 9923 + epoch;
      record.seconds = 1.25;
      record.images_per_second = 60000 / 1.25;
      record.digests = {0xfedcba9876543210u, static_cast<std::uint64_t>(epoch)};
      checkpoint.history.push_back(record);
    }
    return checkpoint;
  }

  static bool same_bits(const FloatBuffer& a, const FloatBuffer& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
  }

  static void expect_equal(const Checkpoint& a, const Checkpoint& b) {
    EXPECT_EQ(a.settings, b.settings);
    EXPECT_EQ(a.state.epochs_done, b.state.epochs_done);
    EXPECT_TRUE(same_bits(a.state.parameters, b.state.parameters));
    EXPECT_TRUE(same_bits(a.state.velocity, b.state.velocity));
    EXPECT_TRUE(same_bits(a.state.buffers, b.state.buffers));
    ASSERT_EQ(a.history.size(), b.history.size());
    for (std::size_t i = 0; i < a.history.size(); ++i) {
      const EpochRecord& x = a.history[i];
      const EpochRecord& y = b.history[i];
      EXPECT_EQ(x.epoch, y.epoch);
      EXPECT_EQ(x.learning_rate, y.learning_rate);
      EXPECT_EQ(x.train_loss, y.train_loss);
      EXPECT_EQ(x.train_accuracy, y.train_accuracy);
      EXPECT_EQ(x.train_objective, y.train_objective);
      EXPECT_EQ(x.test_loss, y.test_loss);
      EXPECT_EQ(x.test_accuracy, y.test_accuracy);
      EXPECT_EQ(x.test_correct, y.test_correct);
      EXPECT_EQ(x.seconds, y.seconds);
      EXPECT_EQ(x.images_per_second, y.images_per_second);
      EXPECT_EQ(x.digests, y.digests);
    }
  }

  // Changes one bit in the middle of the data or the header.
  static void damage(const std::filesystem::path& path, std::size_t from_end) {
    auto bytes = read_file(path);
    bytes.at(bytes.size() - from_end) ^= std::byte{1};
    write_file_atomically(path, bytes);
  }

  std::filesystem::path newest() const { return folder_ / "checkpoint.safetensors"; }
  std::filesystem::path previous() const { return folder_ / "checkpoint-previous.safetensors"; }

  std::filesystem::path folder_;
};

TEST_F(CheckpointTest, ComesBackBitForBit) {
  write_checkpoint(folder_, after(2));
  const FoundCheckpoint found = find_checkpoint(folder_);
  ASSERT_TRUE(found.checkpoint.has_value());
  EXPECT_EQ(found.remark, "");
  EXPECT_FALSE(found.is_the_one_before);
  expect_equal(*found.checkpoint, after(2));
}

TEST_F(CheckpointTest, AnEmptyFolderHasNone) {
  const FoundCheckpoint found = find_checkpoint(folder_);
  EXPECT_FALSE(found.checkpoint.has_value());
  EXPECT_EQ(found.remark, "");
}

TEST_F(CheckpointTest, TheOneBeforeIsKept) {
  for (int epochs = 1; epochs <= 3; ++epochs) write_checkpoint(folder_, after(epochs));
  expect_equal(*find_checkpoint(folder_).checkpoint, after(3));
  std::filesystem::remove(newest());  // as after a crash between the two renames
  const FoundCheckpoint found = find_checkpoint(folder_);
  ASSERT_TRUE(found.checkpoint.has_value());
  expect_equal(*found.checkpoint, after(2));
}

TEST_F(CheckpointTest, ADamagedOneFallsBackToTheOneBeforeWithARemark) {
  write_checkpoint(folder_, after(1));
  write_checkpoint(folder_, after(2));
  damage(newest(), 100);  // in the history: finite numbers, only the checksum can tell
  const FoundCheckpoint found = find_checkpoint(folder_);
  ASSERT_TRUE(found.checkpoint.has_value());
  expect_equal(*found.checkpoint, after(1));
  EXPECT_EQ(found.remark, newest().string() +
                              ": damaged, its checksum does not fit; went back to the one before, "
                              "of epoch 1");
}

TEST_F(CheckpointTest, ATruncatedOneFallsBackToo) {
  for (const std::size_t bytes : {0u, 7u, 100u}) {
    write_checkpoint(folder_, after(1));
    write_checkpoint(folder_, after(2));
    std::filesystem::resize_file(newest(), bytes);
    const FoundCheckpoint found = find_checkpoint(folder_);
    ASSERT_TRUE(found.checkpoint.has_value());
    expect_equal(*found.checkpoint, after(1));
    EXPECT_NE(found.remark, "");
  }
}

// Else the next write would put it in the place of the one before, the only whole one.
TEST_F(CheckpointTest, ADamagedOneIsSetAsideBeforeTheNextIsWritten) {
  write_checkpoint(folder_, after(1));
  write_checkpoint(folder_, after(2));
  damage(newest(), 100);
  EXPECT_TRUE(find_checkpoint(folder_).is_the_one_before);
  EXPECT_TRUE(std::filesystem::exists(newest())) << "looking changed something";
  set_aside_newest(folder_);
  EXPECT_FALSE(std::filesystem::exists(newest()));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "checkpoint-damaged.safetensors"));
  write_checkpoint(folder_, after(2));
  expect_equal(*find_checkpoint(folder_).checkpoint, after(2));
  std::filesystem::remove(newest());
  expect_equal(*find_checkpoint(folder_).checkpoint, after(1));
}

TEST_F(CheckpointTest, EveryBitOfTheFileIsWatched) {
  write_checkpoint(folder_, after(1));
  const std::size_t size = std::filesystem::file_size(newest());
  for (std::size_t from_end = 1; from_end <= size; from_end += 13) {
    damage(newest(), from_end);
    EXPECT_THROW(find_checkpoint(folder_), Error) << from_end << " bytes from the end";
    damage(newest(), from_end);  // the same bit again: whole
  }
  expect_equal(*find_checkpoint(folder_).checkpoint, after(1));
}

TEST_F(CheckpointTest, WhenAllAreDamagedItSaysWhatToDo) {
  write_checkpoint(folder_, after(1));
  write_checkpoint(folder_, after(2));
  damage(newest(), 10);
  damage(previous(), 10);
  try {
    find_checkpoint(folder_);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("delete that folder to train the run from its start"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace normlab
