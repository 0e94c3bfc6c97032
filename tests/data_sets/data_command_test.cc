#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "data_sets/environment_variable.h"
#include "data_sets/idx_files.h"
#include "data_sets/write_bytes.h"
#include "expect_error.h"
#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/cli/data.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

using Bytes = std::vector<std::uint8_t>;

class DataCommand : public testing::Test {
 protected:
  // `normlab data <arguments>`; what it prints.
  std::string run(std::vector<std::string> arguments) {
    CLI::App app;
    add_data_command(app);
    arguments.insert(arguments.begin(), "data");
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
    testing::internal::CaptureStdout();
    try {
      app.parse(arguments);
    } catch (...) {
      printed_ = testing::internal::GetCapturedStdout();
      throw;
    }
    return testing::internal::GetCapturedStdout();
  }
  void write_own_set(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    for (const std::string split : {"train", "t10k"}) {
      write_bytes(folder / (split + "-images-idx3-ubyte"), idx_file({2, 1, 2}, Bytes(4)));
      write_bytes(folder / (split + "-labels-idx1-ubyte"), idx_file({2}, {0, 1}));
    }
  }

  TemporaryFolder folder_;
  EnvironmentVariable cache_{"NORMLAB_DATA", folder_.path().native()};
  EnvironmentVariable mirror_{"NORMLAB_MIRROR", "http://127.0.0.1:1"};  // nobody there
  EnvironmentVariable direct_{"no_proxy", "127.0.0.1"};
  std::string printed_;  // before an exception
};

TEST_F(DataCommand, ListsWhatIsKnownAndWhereItIs) {
  write_own_set(folder_ / "mnist");
  const std::string text = run({"list"});
  EXPECT_NE(text.find("CC BY-SA 3.0  " + (folder_ / "mnist").native() + "\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("emnist-letters    124800   20800       26  none stated   not here\n"),
            std::string::npos)
      << text;
}

TEST_F(DataCommand, VerifiesKnownSetsAndFolders) {
  write_own_set(folder_ / "mnist");
  EXPECT_EQ(message_of<Error>([&] {
              run({"verify", "mnist"});
            }),
            "damaged: mnist. Fetch again: normlab data fetch mnist");
  EXPECT_EQ(std::count(printed_.begin(), printed_.end(), '\n'), 4);
  EXPECT_TRUE(printed_.starts_with("damaged  " + (folder_ / "mnist").native())) << printed_;
  const std::string folder = (folder_ / "mnist").native();
  EXPECT_EQ(run({"verify", folder}), "good     " + folder +
                                         " train: 2 images of 1x1x2, 2 classes\n" + "good     " +
                                         folder + " test: 2 images of 1x1x2, 2 classes\n");
  EXPECT_EQ(message_of<Error>([&] {
              run({"verify", "kmnist"});
            }),
            "kmnist: not on this machine. Fetch it: normlab data fetch kmnist");
}

TEST_F(DataCommand, ChecksAllNamesBeforeItFetches) {
  message_of<UsageError>([&] { run({"fetch", "kmnist", "kmnits", "--no-npm"}); });
  EXPECT_FALSE(std::filesystem::exists(folder_ / "kmnist"));
}

TEST_F(DataCommand, WithoutANetworkSaysWhatToDoInTwoLines) {
  testing::internal::CaptureStderr();
  const std::string text = message_of<Error>([&] { run({"fetch", "mnist", "--no-npm"}); });
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "mnist: fetching 4 files from http://127.0.0.1:1/mnist/\n");
  EXPECT_TRUE(text.starts_with("mnist: cannot be fetched: http://127.0.0.1:1/mnist/train-images-"))
      << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST_F(DataCommand, NeedsToBeToldWhatToDo) {
  EXPECT_THROW(run({}), CLI::ParseError);
  EXPECT_THROW(run({"fetch"}), CLI::ParseError);
  EXPECT_THROW(run({"unknown"}), CLI::ParseError);
}

}  // namespace
}  // namespace normlab
