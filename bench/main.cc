// The C++ side of `make bench`; bench/bench.py runs it and makes the table.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "kernels.h"
#include "machine.h"
#include "normlab/base/workers.h"
#include "normlab/kernels/simd.h"
#include "step.h"

namespace {

using nlohmann::json;

json measure_machine() {
  json result;
  normlab::Workers all(normlab::available_threads());
  normlab::Workers one(1);
  for (const std::string& name : normlab::available_instruction_sets()) {
    normlab::use_instruction_set(name);
    result["peak"].push_back({{"instruction_set", name},
                              {"fused", normlab::has_fused_multiply_add()},
                              {"one_thread", normlab::bench::multiply_add_peak(one)},
                              {"all_threads", normlab::bench::multiply_add_peak(all)}});
  }
  normlab::use_instruction_set("");
  result["instruction_set"] = normlab::instruction_set();
  result["threads"] = all.size();
  result["copy"] = {{"one_thread", normlab::bench::copy_bandwidth(one)},
                    {"all_threads", normlab::bench::copy_bandwidth(all)}};
  return result;
}

json measure_kernels(const std::string& instruction_set) {
  normlab::use_instruction_set(instruction_set);
  normlab::Workers one(1);
  json result{{"instruction_set", normlab::instruction_set()},
              {"peak", normlab::bench::multiply_add_peak(one)}};
  for (const auto& kernel : normlab::bench::time_kernels()) {
    result["kernels"].push_back({{"operation", kernel.operation},
                                 {"shape", kernel.shape},
                                 {"seconds", kernel.seconds},
                                 {"operations", kernel.operations},
                                 {"bytes", kernel.bytes},
                                 {"numbers", kernel.numbers},
                                 {"error", kernel.error}});
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures the machine, the kernels and the training step; writes JSON");
  app.require_subcommand(1);
  std::string instruction_set;
  normlab::bench::StepOptions step;
  std::string norm;
  auto* machine = app.add_subcommand("machine", "peak of multiply-adds and of copying");
  auto* kernels = app.add_subcommand("kernels", "every kernel on one tile");
  kernels->add_option("--instruction-set", instruction_set);
  auto* steps = app.add_subcommand("steps", "training steps, as many as each line of input says");
  steps->add_option("--root", step.root)->required();
  steps->add_option("--norm", norm)->required();
  steps->add_option("--l1", step.l1)->required();
  steps->add_option("--batch-size", step.batch_size)->required();
  steps->add_option("--threads", step.threads)->required();
  CLI11_PARSE(app, argc, argv);
  try {
    if (*machine) fmt::print("{}\n", measure_machine().dump());
    if (*kernels) fmt::print("{}\n", measure_kernels(instruction_set).dump());
    if (*steps) {
      step.norm = normlab::parse_norm_kind(norm);
      normlab::bench::serve_steps(step);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "normlab_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
