// The C++ side of `make bench`; bench/bench.py runs it and makes the tables.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "account.h"
#include "kernels.h"
#include "machine.h"
#include "normlab/base/error.h"
#include "normlab/base/workers.h"
#include "normlab/kernels/simd.h"
#include "serve.h"
#include "workload.h"

namespace {

using namespace normlab::bench;
using nlohmann::json;

json measure_machine(int threads) {
  json result;
  normlab::Workers all(threads);
  normlab::Workers one(1);
  const std::string chosen = normlab::instruction_set();
  for (const std::string& name : normlab::available_instruction_sets()) {
    normlab::use_instruction_set(name);
    result["peak"].push_back({{"instruction_set", name},
                              {"fused", normlab::has_fused_multiply_add()},
                              {"one_thread", multiply_add_peak(one)},
                              {"all_threads", multiply_add_peak(all)}});
  }
  normlab::use_instruction_set(chosen);
  result["instruction_set"] = normlab::instruction_set();
  result["threads"] = threads;
  const auto copy = [&](std::size_t bytes) {
    return json{{"bytes", bytes},
                {"one_thread", copy_bandwidth(one, bytes)},
                {"all_threads", copy_bandwidth(all, bytes)}};
  };
  result["copy_in_memory"] = copy(kInMemory);
  result["copy_in_cache"] = copy(kInCache);
  return result;
}

json measure_kernels(const WorkloadOptions& options) {
  json result{{"instruction_set", normlab::instruction_set()}};
  const normlab::Network network(normlab::load_model(options.model), options.network());
  for (const KernelTiming& kernel : time_kernels(network)) {
    result["kernels"].push_back({{"operation", kernel.operation},
                                 {"shape", kernel.shape},
                                 {"kernel", kernel.kernel},
                                 {"seconds", kernel.seconds},
                                 {"peak", kernel.peak},
                                 {"shares", kernel.shares},
                                 {"operations", kernel.operations},
                                 {"bytes", kernel.bytes},
                                 {"numbers", kernel.numbers},
                                 {"error", kernel.error}});
  }
  return result;
}

normlab::ConvolutionAlgorithm convolution_named(const std::string& name) {
  const auto algorithm = normlab::parse_convolution_algorithm(name);
  if (!algorithm) throw normlab::UsageError("--convolution: no such algorithm: " + name);
  return *algorithm;
}

json to_json(const normlab::Work& work) {
  return {{"forward", work.forward},
          {"backward_input", work.backward_input},
          {"backward_weight", work.backward_weight},
          {"training_step", work.training_step()}};
}

json measure_account(const WorkloadOptions& options) {
  const Account account = account_of(options);
  json result{{"batch_size", options.batch_size},
              {"threads", options.threads},
              {"instruction_set", normlab::instruction_set()},
              {"multiply_adds", to_json(account.work)},
              {"step",
               {{"seconds", account.step.seconds},
                {"peak", account.step.peak},
                {"shares", account.step.shares}}},
              {"layers_peak", account.layers_peak},
              {"loss_seconds", account.loss_seconds}};
  for (const LayerTime& layer : account.layers) {
    result["layers"].push_back({{"name", layer.name},
                                {"type", layer.type},
                                {"output", layer.output},
                                {"multiply_adds", to_json(layer.work)},
                                {"forward_seconds", layer.forward_seconds},
                                {"backward_seconds", layer.backward_seconds},
                                {"forward_bytes", layer.forward_bytes},
                                {"backward_bytes", layer.backward_bytes}});
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures the machine, kernels, layers and training; bench.py shows it");
  app.require_subcommand(1);
  WorkloadOptions options;
  std::string norm = "group";
  std::string instruction_set;
  app.add_option("--instruction-set", instruction_set, "of the kernels; the best by default");
  std::string convolution = to_string(options.convolution);
  app.add_option("--convolution", convolution, "as train.convolution: direct, winograd, bf16");
  const auto command = [&](const char* name, const char* what, bool has_model) {
    CLI::App* added = app.add_subcommand(name, what);
    added->add_option("--threads", options.threads);
    if (has_model) {
      added->add_option("--model", options.model)->required();
      added->add_option("--norm", norm);
      added->add_option("--l1", options.l1);
      added->add_option("--batch-size", options.batch_size);
    }
    return added;
  };
  const auto* machine = command("machine", "peak of multiply-adds and of copying", false);
  const auto* kernels = command("kernels", "every kernel of a model on one tile", true);
  const auto* account = command("account", "where the time of a training step goes", true);
  const auto* steps = command("steps", "training steps, in blocks", true);
  const auto* evaluations = command("evaluations", "looks at a test set, in blocks", true);
  const auto* epoch = command("epoch", "batches of an epoch on MNIST, in blocks", true);
  CLI11_PARSE(app, argc, argv);
  try {
    normlab::use_instruction_set(instruction_set);
    options.norm = normlab::parse_norm_kind(norm);
    options.convolution = convolution_named(convolution);
    if (*machine) fmt::print("{}\n", measure_machine(options.threads).dump());
    if (*kernels) fmt::print("{}\n", measure_kernels(options).dump());
    if (*account) fmt::print("{}\n", measure_account(options).dump());
    if (*steps) serve_steps(options);
    if (*evaluations) serve_evaluations(options);
    if (*epoch) serve_epoch(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "normlab_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
