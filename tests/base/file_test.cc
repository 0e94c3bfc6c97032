#include "normlab/base/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string>
#include <vector>

#include "temporary_folder.h"

namespace normlab {
namespace {

std::string machine() {
  char name[256] = {};
  EXPECT_EQ(::gethostname(name, sizeof name - 1), 0);
  std::string letters = name;
  std::erase_if(letters, [](unsigned char c) { return std::isalnum(c) == 0; });
  return letters;
}

// What a process of this number was about to write to "file" when it was killed: the first 200
// names, of which this process has given few.
std::vector<std::string> leave_half_written(const TemporaryFolder& folder, pid_t process) {
  std::vector<std::string> names;
  for (int count = 0; count < 200; ++count) {
    names.push_back("file-" + machine() + ".tmp-" + std::to_string(process) + "-" +
                    std::to_string(count));
    std::ofstream(folder / names.back()) << "half of it";
  }
  return names;
}

std::vector<std::string> names_in(const TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

// As a container has that was killed and started again: its program has the same machine and
// number.
TEST(File, IsWrittenWhereAProcessOfThisNumberLeftHalves) {
  const TemporaryFolder folder;
  std::vector<std::string> names = leave_half_written(folder, ::getpid());
  write_file_atomically(folder / "file", "all of it");
  EXPECT_EQ(read_text_file(folder / "file"), "all of it");
  EXPECT_FALSE(create_file_atomically(folder / "file", "another"));
  EXPECT_EQ(read_text_file(folder / "file"), "all of it");
  for (const std::string& name : names) EXPECT_EQ(read_text_file(folder / name), "half of it");
  names.emplace_back("file");
  std::ranges::sort(names);
  EXPECT_EQ(names_in(folder), names);
}

TEST(File, HalvesOfThisNumberAreAbandoned) {
  const TemporaryFolder folder;
  leave_half_written(folder, ::getpid());
  std::vector<std::string> of_another = leave_half_written(folder, ::getppid());  // is at work
  remove_abandoned_files(folder.path());
  std::ranges::sort(of_another);
  EXPECT_EQ(names_in(folder), of_another);
}

}  // namespace
}  // namespace normlab
