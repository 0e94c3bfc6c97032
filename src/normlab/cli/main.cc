// The command line. Each command has its own file; this one knows their order, and turns what they
// throw into one message and an exit code.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <string>

#include "normlab/base/error.h"
#include "normlab/base/text.h"
#include "normlab/cli/collect.h"
#include "normlab/cli/compare.h"
#include "normlab/cli/data.h"
#include "normlab/cli/evaluate.h"
#include "normlab/cli/info.h"
#include "normlab/cli/predict.h"
#include "normlab/cli/report.h"
#include "normlab/cli/run.h"
#include "normlab/cli/standard_streams.h"
#include "normlab/cli/summary.h"
#include "normlab/cli/train.h"
#include "normlab/cli/usage.h"
#include "normlab/cli/verify.h"
#include "normlab/experiment/build_info.h"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kInterrupted = 130;  // 128 + SIGINT, as shells count

int complain(const std::string& message, int exit_code) {
  std::fflush(stdout);
  std::fprintf(stderr, "normlab: %s\n", normlab::printable(message).c_str());
  return exit_code;
}

// "runs/mine/results.json: Permission denied", from what the standard library throws.
std::string explain(const std::filesystem::filesystem_error& error) {
  const std::string reason = error.code().message();
  return error.path1().empty() ? reason : error.path1().string() + ": " + reason;
}

int run_command(int argc, char** argv) {
  CLI::App app("A laboratory for normalization layers", "normlab");
  app.require_subcommand(1);
  app.set_version_flag("--version", normlab::build_info().version);
  app.footer("Each command has a --help of its own.\nExample:\n  normlab run");
  normlab::add_run_command(app);
  normlab::add_train_command(app);
  normlab::add_evaluate_command(app);
  normlab::add_predict_command(app);
  normlab::add_report_command(app);
  normlab::add_compare_command(app);
  normlab::add_collect_command(app);
  normlab::add_verify_command(app);
  normlab::add_summary_command(app);
  normlab::add_data_command(app);
  normlab::add_info_command(app);
  normlab::refuse_empty_values(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version arrive here too.
    if (error.get_exit_code() == 0) {
      app.exit(error);
      std::cout.flush();
      normlab::flush_standard_output();
      return 0;
    }
    return complain(normlab::explain_usage(app, error), kUsage);
  }
  normlab::flush_standard_output();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // A file beyond the limit on its size is then an error like a full disk, and leaves no pieces.
  std::signal(SIGXFSZ, SIG_IGN);
  // Some that start programs ignore it, and it would be ignored here too.
  std::signal(SIGCHLD, SIG_DFL);
  normlab::open_standard_streams();
  try {
    return run_command(argc, argv);
  } catch (const normlab::UsageError& error) {
    return complain(error.what(), kUsage);
  } catch (const normlab::Interrupted& error) {
    return complain(error.what(), kInterrupted);
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(explain(error), kFailed);
  } catch (const std::bad_alloc&) {
    return complain("not enough memory; a smaller network or batch, or fewer --threads, needs less",
                    kFailed);
  } catch (const std::exception& error) {
    return complain(error.what(), kFailed);
  }
}
