#include "normlab/data/download.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "data_sets/file_size_limit.h"
#include "data_sets/loopback_server.h"
#include "expect_error.h"
#include "normlab/base/file.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

std::string some_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 12345;
  for (char& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

const std::string kBody = some_bytes(100'000);

class Download : public testing::Test {
 protected:
  // Serves what `handler` makes of a request and its number (from 0).
  void serve(std::function<std::string(const Request&, std::size_t)> handler) {
    server_ = std::make_unique<LoopbackServer>(
        [this, handler](const Request& request) { return handler(request, served_++); });
    server_->start();
  }
  void get(const std::string& path = "/file") {
    options_.sleep = [this](std::chrono::milliseconds pause) { pauses_.push_back(pause.count()); };
    download(server_->url(path), file_, options_);
  }
  std::string content() const { return read_text_file(file_); }
  void leave(const std::string& bytes) { write_file_atomically(file_, bytes); }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "file.part";
  DownloadOptions options_;
  std::vector<std::int64_t> pauses_;
  std::size_t served_ = 0;
  std::unique_ptr<LoopbackServer> server_;
};

std::string good(const Request& request) { return serve_file({{"/file", kBody}}, request); }

// A whole reply, of which only the beginning arrives.
std::string cut(std::string answer, std::size_t body_bytes) {
  const auto body = answer.find("\r\n\r\n") + 4;
  return answer.substr(0, body + body_bytes);
}

TEST_F(Download, KeepsWhatTheServerSends) {
  std::uint64_t last_done = 0, last_total = 0;
  options_.progress = [&](std::uint64_t done, std::uint64_t total) {
    last_done = done;
    last_total = total;
  };
  serve([](const Request& request, std::size_t) { return good(request); });
  get();
  EXPECT_EQ(content(), kBody);
  EXPECT_EQ(last_done, kBody.size());
  EXPECT_EQ(last_total, kBody.size());
  EXPECT_FALSE(server_->requests()[0].from.has_value());
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(Download, GoesOnWhereTheConnectionWasCut) {
  serve([](const Request& request, std::size_t number) {
    const std::string answer = good(request);
    return number < 2 ? cut(answer, 30'000) : answer;
  });
  std::uint64_t last_total = 0;
  options_.progress = [&](std::uint64_t, std::uint64_t total) { last_total = total; };
  get();
  EXPECT_EQ(content(), kBody);
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1].from, 30'000u);
  EXPECT_EQ(requests[2].from, 60'000u);
  EXPECT_EQ(pauses_, (std::vector<std::int64_t>{500, 1000}));
  EXPECT_EQ(last_total, kBody.size());
}

TEST_F(Download, GoesOnWhereAnEarlierProcessEnded) {
  leave(kBody.substr(0, 99'999));
  serve([](const Request& request, std::size_t) { return good(request); });
  get();
  EXPECT_EQ(content(), kBody);
  EXPECT_EQ(server_->requests()[0].from, 99'999u);
}

TEST_F(Download, AServerMayIgnoreTheRange) {
  leave(kBody.substr(0, 5000));
  serve([](const Request&, std::size_t) { return reply(kBody); });
  get();
  EXPECT_EQ(content(), kBody);
}

TEST_F(Download, AnotherPartThanAskedForIsNotKept) {
  leave(kBody.substr(0, 5000));
  serve([](const Request& request, std::size_t number) {
    return number == 0 ? reply(kBody.substr(4000), "206 Partial Content",
                               "Content-Range: bytes 4000-99999/100000\r\n")
                       : good(request);
  });
  get();
  EXPECT_EQ(content(), kBody);
  EXPECT_FALSE(server_->requests()[1].from.has_value());
}

TEST_F(Download, APartWithoutItsPlaceIsNotKept) {
  leave(kBody.substr(0, 5000));
  serve([](const Request& request, std::size_t number) {
    return number == 0 ? reply(kBody.substr(5000), "206 Partial Content") : good(request);
  });
  get();
  EXPECT_EQ(content(), kBody);
  EXPECT_EQ(server_->requests().size(), 2u);
}

TEST_F(Download, WhatIsWholeIsLeftAlone) {
  leave(kBody);
  serve([](const Request& request, std::size_t) { return good(request); });
  get();
  EXPECT_EQ(content(), kBody);
  EXPECT_EQ(server_->requests().size(), 1u);
}

TEST_F(Download, ALeftoverLongerThanTheFileIsDropped) {
  leave(kBody + "more");
  serve([](const Request& request, std::size_t) { return good(request); });
  get();
  EXPECT_EQ(content(), kBody);
  EXPECT_EQ(server_->requests().size(), 2u);
}

TEST_F(Download, ErrorsOfTheServerAreTriedAgain) {
  serve([](const Request& request, std::size_t number) {
    if (number == 0) return reply("broken", "500 Internal Server Error");
    if (number == 1) return reply("busy", "503 Service Unavailable");
    if (number == 2) return reply("slower", "429 Too Many Requests");
    if (number == 3) return std::string();  // closes without a word
    return good(request);
  });
  get();
  EXPECT_EQ(content(), kBody);
  EXPECT_EQ(pauses_, (std::vector<std::int64_t>{500, 1000, 2000, 4000}));
}

TEST_F(Download, GivesUpInTheEnd) {
  serve([](const Request&, std::size_t) { return reply("", "500 Internal Server Error"); });
  EXPECT_EQ(message_of<DownloadError>([&] { get(); }),
            server_->url("/file") + ": the server answers 500 (tried 5 times)");
  EXPECT_EQ(server_->requests().size(), 5u);
}

TEST_F(Download, AMissingFileIsNotTriedAgain) {
  serve([](const Request&, std::size_t) { return reply("<html>", "404 Not Found"); });
  EXPECT_EQ(message_of<DownloadError>([&] { get(); }),
            server_->url("/file") + ": the server answers 404");
  EXPECT_EQ(server_->requests().size(), 1u);
  EXPECT_EQ(content(), "");
}

TEST_F(Download, ALengthThatIsTooLongIsFoundOut) {
  serve([](const Request&, std::size_t) { return cut(reply(kBody + "lies"), kBody.size()); });
  options_.attempts = 2;
  const std::string text = message_of<DownloadError>([&] { get(); });
  EXPECT_NE(text.find("(tried 2 times)"), std::string::npos) << text;
  EXPECT_EQ(content(), kBody);  // kept, to go on from
}

TEST_F(Download, ALengthThatIsTooShortCutsTheFile) {
  serve([](const Request&, std::size_t) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n" + kBody;
  });
  get();
  EXPECT_EQ(content(), kBody.substr(0, 1000));
}

TEST_F(Download, MoreThanIsSensibleIsRefused) {
  options_.most_bytes = 99'999;
  serve([](const Request&, std::size_t number) {
    return number == 0 ? reply(kBody) : "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + kBody;
  });
  for (int i = 0; i < 2; ++i) {  // whether it says so or not
    EXPECT_EQ(message_of<DownloadError>([&] { get(); }),
              server_->url("/file") + ": is larger than 99999 bytes");
    EXPECT_LT(content().size(), kBody.size());
    std::filesystem::remove(file_);
  }
}

TEST_F(Download, FollowsToOtherWebAddressesOnly) {
  serve([&](const Request& request, std::size_t) {
    if (request.path == "/moved") return reply("", "302 Found", "Location: /file\r\n");
    if (request.path == "/disk") return reply("", "302 Found", "Location: file:///etc/passwd\r\n");
    if (request.path == "/circle") return reply("", "302 Found", "Location: /circle\r\n");
    return good(request);
  });
  get("/moved");
  EXPECT_EQ(content(), kBody);
  std::filesystem::remove(file_);
  message_of<DownloadError>([&] { get("/disk"); });
  EXPECT_EQ(content(), "");
  message_of<DownloadError>([&] { get("/circle"); });
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(Download, WhatIsNoWebServerIsRefused) {
  serve([](const Request&, std::size_t) { return std::string("SSH-2.0-OpenSSH_9.2\r\n"); });
  message_of<DownloadError>([&] { get(); });
  EXPECT_EQ(content(), "");
}

TEST_F(Download, ARefusedConnectionIsNotTriedAgain) {
  serve([](const Request& request, std::size_t) { return good(request); });
  const std::string url = server_->url("/file");
  server_.reset();
  options_.sleep = [&](std::chrono::milliseconds pause) { pauses_.push_back(pause.count()); };
  const std::string text = message_of<DownloadError>([&] { download(url, file_, options_); });
  EXPECT_TRUE(text.starts_with(url + ": ")) << text;
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(Download, OtherProtocolsAreRefused) {
  options_.sleep = [&](std::chrono::milliseconds) { FAIL() << "should not try again"; };
  message_of<DownloadError>([&] { download("file:///etc/passwd", file_, options_); });
  EXPECT_EQ(content(), "");
}

TEST_F(Download, AFolderThatIsNoneIsNoFaultOfTheServer) {
  serve([](const Request& request, std::size_t) { return good(request); });
  leave("");
  file_ = file_ / "below a file";
  EXPECT_EQ(message_of<Error>([&] { get(); }),
            file_.native() + ": cannot be written: Not a directory");
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(Download, AFullDiskEndsIt) {
  serve([](const Request& request, std::size_t) { return good(request); });
  {
    const FileSizeLimit limit(50'000);
    try {
      get();
      ADD_FAILURE() << "no exception";
    } catch (const DownloadError& error) {
      ADD_FAILURE() << "another mirror will not help: " << error.what();
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), file_.native() + ": cannot be written: File too large");
    }
  }
  EXPECT_EQ(server_->requests().size(), 1u);
  get();  // with room again, it goes on
  EXPECT_EQ(content(), kBody);
  EXPECT_EQ(server_->requests()[1].from, 50'000u);
}

}  // namespace
}  // namespace normlab
