// One seed, the same bits: the three classic runs through the program, on every number of threads
// and every instruction set that this machine has.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/stripes.h"
#include "normlab/base/file.h"
#include "normlab/kernels/simd.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

using Files = std::map<std::string, std::string>;

const std::vector<std::string> kNetworks = {"GN", "LN", "BN+L1"};

// session6 with dropout and every kind of augmentation, on 290 images: batches of 128, 128 and 34,
// the last one with two lanes in its last tile.
class ClassicRuns : public testing::Test {
 protected:
  ClassicRuns() {
    write_stripes(place_ / "data",
                  {.side = 28, .classes = 10, .train_images = 290, .test_images = 100});
  }

  Outcome train(const std::string& out, const std::vector<std::string>& more,
                const std::vector<std::string>& environment = {}) {
    std::vector<std::string> arguments = {"run",   "session6", "--epochs",   "2",
                                          "--out", out,        "--no-report"};
    for (const std::string key :
         {"data.name=data/", "model.dropout=0.1", "augment.shift=2", "augment.scale=0.1"}) {
      arguments.insert(arguments.end(), {"--set", key});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Program({.arguments = arguments, .folder = place_.path(), .environment = environment})
        .finish();
  }

  Files files_of(const std::string& out, const std::vector<std::string>& more,
                 const std::vector<std::string>& environment = {}) {
    const Outcome outcome = train(out, more, environment);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.exit_code == 0 ? run_files(place_ / out, kNetworks) : Files();
  }

  static std::vector<std::string> sets(bool fused) {
    std::vector<std::string> names;
    for (const std::string& name : available_instruction_sets()) {
      use_instruction_set(name);
      if (has_fused_multiply_add() == fused) names.push_back(name);
    }
    use_instruction_set("");
    return names;
  }

  TemporaryFolder place_;
};

TEST_F(ClassicRuns, SameBitsForThreadsAndInstructionSetsWithFusedMultiplyAdd) {
  const std::vector<std::string> fused = sets(true);
  if (fused.empty()) GTEST_SKIP() << "no fused multiply-add on this machine";
  const Files expected = files_of("first", {"--threads", "1", "--simd", fused.front()});
  for (const std::string& set : fused) {
    for (const std::string threads : {"1", "2", "3", "7"}) {
      SCOPED_TRACE("--simd " + set + " --threads " + threads);
      expect_same_files(expected,
                        files_of(set + "-" + threads, {"--threads", threads, "--simd", set}));
    }
  }
}

// By the matrix unit, where there is one, and without it.
TEST_F(ClassicRuns, SameBitsInBf16ForThreadsAndInstructionSetsWithFusedMultiplyAdd) {
  const std::vector<std::string> fused = sets(true);
  if (fused.empty()) GTEST_SKIP() << "no fused multiply-add on this machine";
  const std::vector<std::string> bf16 = {"--set", "train.convolution=bf16", "--threads"};
  const auto with = [&](const std::string& threads, const std::string& set) {
    std::vector<std::string> options = bf16;
    options.insert(options.end(), {threads, "--simd", set});
    return options;
  };
  const Files expected = files_of("first", with("1", fused.front()));
  for (const std::string& set : fused) {
    SCOPED_TRACE("--simd " + set);
    expect_same_files(expected, files_of(set, with("3", set)));
  }
}

TEST_F(ClassicRuns, SameBitsAmongInstructionSetsWithoutFusedMultiplyAdd) {
  const std::vector<std::string> others = sets(false);
  if (others.empty()) GTEST_SKIP() << "every instruction set here has fused multiply-add";
  const Files expected = files_of("first", {"--threads", "1", "--simd", others.front()});
  for (const std::string& set : others) {
    SCOPED_TRACE("--simd " + set);
    expect_same_files(expected, files_of(set, {"--threads", "3", "--simd", set}));
  }
}

// glibc has bodies of exp, sin and cos with and without fused multiply-add, and they give different
// doubles. What a run keeps of them is rounded so that this cannot be seen.
TEST_F(ClassicRuns, SameBitsWhateverBodiesTheCLibraryChooses) {
  const std::string other_bodies = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4";
  expect_same_files(files_of("first", {}), files_of("second", {}, {other_bodies}));
}

TEST_F(ClassicRuns, WithoutFusedMultiplyAddTheProgramSaysThatItsBitsDiffer) {
  const std::vector<std::string> others = sets(false);
  const std::vector<std::string> fused = sets(true);
  if (others.empty() || fused.empty()) GTEST_SKIP() << "this machine has one kind only";
  const Outcome here = train("out", {"--simd", others.front()});
  ASSERT_EQ(here.exit_code, 0) << here.err;
  EXPECT_NE(here.out.find(others.front() + " has no fused multiply-add"), std::string::npos)
      << here.out;
  const auto environment = nlohmann::json::parse(read_text_file(place_ / "out/environment.json"));
  EXPECT_EQ(environment["fused_multiply_add"], false);
  EXPECT_NE(environment["bits"].get<std::string>().find("others than with it"), std::string::npos);
  const Outcome info = run_program(place_.path(), {"info", "--simd", others.front()});
  EXPECT_NE(info.out.find("without fused multiply-add, others than with it"), std::string::npos)
      << info.out;

  const Outcome emulated =
      train("emulated", {"--simd", others.front(), "--set", "train.convolution=bf16"});
  EXPECT_NE(emulated.out.find("no AMX in use here"), std::string::npos) << emulated.out;
  EXPECT_EQ(here.out.find("AMX"), std::string::npos) << here.out;

  const Outcome with = train("with", {"--simd", fused.front()});
  EXPECT_EQ(with.out.find("fused multiply-add"), std::string::npos) << with.out;
  // The sentence is true.
  EXPECT_NE(read_text_file(place_ / "out/GN/model.safetensors"),
            read_text_file(place_ / "with/GN/model.safetensors"));
  // Half of one and half of the other is told to who goes on.
  const Outcome resumed = run_program(
      place_.path(), {"run", "--resume", "with", "--simd", others.front(), "--no-report"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("computed with fused multiply-add"), std::string::npos) << resumed.err;
}

}  // namespace
}  // namespace normlab
