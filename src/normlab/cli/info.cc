#include "normlab/cli/info.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <vector>

#include "normlab/base/workers.h"
#include "normlab/cli/engine_options.h"
#include "normlab/experiment/build_info.h"
#include "normlab/experiment/environment.h"
#include "normlab/experiment/key_tables.h"
#include "normlab/kernels/matrix_unit.h"
#include "normlab/kernels/simd.h"

namespace normlab {
namespace {

void print_info() {
  const BuildInfo build = build_info();
  fmt::print("normlab          {} (commit {})\n", build.version, build.commit);
  fmt::print("built with       {}, {}, {}\n", build.compiler, build.build_type, build.flags);
  fmt::print("system           {}\n", system_name());
  fmt::print("processor        {}\n", processor_name());
  fmt::print("threads          {}\n", available_threads());
  fmt::print("instruction sets {} (in use: {})\n", fmt::join(available_instruction_sets(), ", "),
             instruction_set());
  fmt::print("bf16 products    {}\n", bf16_products());
  fmt::print("bits             {}\n", bits_text());
  std::vector<std::string> libraries = {std::string("CLI11 ") + CLI11_VERSION};
  for (const LibraryVersion& library : library_versions()) {
    libraries.push_back(library.name + " " + library.version);
  }
  fmt::print("libraries        {}\n", fmt::join(libraries, ", "));
}

}  // namespace

void add_info_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("info", "Show instruction sets, threads and versions of libraries");
  struct InfoOptions {
    bool keys = false;
    std::string simd;
  };
  const auto options = std::make_shared<InfoOptions>();
  command->add_flag("--keys", options->keys, "Show every key of an experiment file instead");
  add_simd_option(*command, options->simd);
  command->footer("Examples:\n  normlab info --keys\n  normlab info --simd SSE4");
  command->callback([options] {
    use_instruction_set(options->simd);
    if (options->keys) {
      fmt::print("{}", document_keys());
    } else {
      print_info();
    }
  });
}

}  // namespace normlab
