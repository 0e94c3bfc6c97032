#include "normlab/data/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

namespace normlab {
namespace {

using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

constexpr std::chrono::milliseconds kFirstPause{500};

// The file that grows, and where its next byte goes.
class PartialFile {
 public:
  explicit PartialFile(const std::filesystem::path& path)
      : path_(path), descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) fail();
    const off_t end = ::lseek(descriptor_, 0, SEEK_END);
    if (end < 0) {
      const int reason = errno;
      ::close(descriptor_);
      errno = reason;
      fail();
    }
    size_ = static_cast<std::uint64_t>(end);
  }
  ~PartialFile() { ::close(descriptor_); }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  std::uint64_t size() const { return size_; }

  void clear() {
    if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) != 0) fail();
    size_ = 0;
  }

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail();
      bytes.remove_prefix(static_cast<std::size_t>(written));
      size_ += static_cast<std::uint64_t>(written);
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(fmt::format("{}: cannot be written: {}", path_.native(),
                            std::generic_category().message(errno)));
  }

  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

// One request, seen from the callbacks of libcurl. Exceptions must not pass through its C code, so
// they wait in `failure`.
struct Transfer {
  CURL* handle;
  PartialFile& file;
  const DownloadOptions& options;
  std::uint64_t asked_from;
  bool begun = false;
  bool wrong_range = false;
  bool too_large = false;
  std::exception_ptr failure{};
};

// The first number of "bytes 100-199/200", or of "bytes */200" the last.
std::optional<std::uint64_t> content_range(CURL* handle, char before) {
  curl_header* header = nullptr;
  if (curl_easy_header(handle, "Content-Range", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
    return std::nullopt;
  }
  const std::string_view value = header->value;
  const auto start = value.find(before);
  if (start == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto parsed =
      std::from_chars(value.data() + start + 1, value.data() + value.size(), number);
  return parsed.ec == std::errc() ? std::optional(number) : std::nullopt;
}

long reply_code(CURL* handle) {
  long code = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
  return code;
}

// Before the first byte of a reply is kept: does it begin where the file ends?
void begin(Transfer& transfer) {
  transfer.begun = true;
  if (transfer.asked_from == 0) return;
  if (reply_code(transfer.handle) == 206) {
    transfer.wrong_range = content_range(transfer.handle, ' ') != transfer.asked_from;
  } else {
    transfer.file.clear();  // the server ignored the range and sends everything
  }
}

std::size_t receive(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  try {
    if (!transfer.begun) begin(transfer);
    transfer.too_large = transfer.file.size() + size * count > transfer.options.most_bytes;
    if (transfer.wrong_range || transfer.too_large) return CURL_WRITEFUNC_ERROR;
    transfer.file.append({bytes, size * count});
    return size * count;
  } catch (...) {
    transfer.failure = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

int report(void* context, curl_off_t total, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(context);
  try {
    if (transfer.begun && transfer.options.progress) {
      const bool continued = reply_code(transfer.handle) == 206;
      const auto rest = static_cast<std::uint64_t>(std::max<curl_off_t>(total, 0));
      transfer.options.progress(transfer.file.size(),
                                rest == 0 ? 0 : rest + (continued ? transfer.asked_from : 0));
    }
    return 0;
  } catch (...) {
    transfer.failure = std::current_exception();
    return 1;
  }
}

struct Outcome {
  bool done = false;
  bool try_again = false;
  std::string reason{};
};

Outcome failed_reply(Transfer& transfer) {
  const long code = reply_code(transfer.handle);
  if (code == 416 && transfer.asked_from > 0) {
    // Nothing after the bytes that are there. Either they are all, or they are not of this file.
    if (content_range(transfer.handle, '/') == transfer.asked_from) return {.done = true};
    transfer.file.clear();
    return {.try_again = true, .reason = "the server has less than was already downloaded"};
  }
  return {.try_again = code >= 500 || code == 429 || code == 408,
          .reason = fmt::format("the server answers {}", code)};
}

Outcome judge(Transfer& transfer, CURLcode code, const char* message) {
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  if (code == CURLE_OK) {
    if (!transfer.begun && transfer.asked_from > 0) transfer.file.clear();  // an empty reply
    return {.done = true};
  }
  if (transfer.too_large || code == CURLE_FILESIZE_EXCEEDED) {
    return {.reason = fmt::format("is larger than {} bytes", transfer.options.most_bytes)};
  }
  if (transfer.wrong_range) {
    transfer.file.clear();
    return {.try_again = true, .reason = "the server sends another part than was asked for"};
  }
  if (code == CURLE_HTTP_RETURNED_ERROR) return failed_reply(transfer);

  // Without a connection there is no point in insisting; with one, anything may pass.
  curl_off_t connected = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_CONNECT_TIME_T, &connected);
  const bool hopeless = code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT ||
                        code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_TOO_MANY_REDIRECTS;
  return {.try_again = connected > 0 && !hopeless,
          .reason = *message != '\0' ? message : curl_easy_strerror(code)};
}

Outcome attempt(const std::string& url, PartialFile& file, const DownloadOptions& options) {
  const Curl curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw Error("libcurl cannot be started");
  CURL* const handle = curl.get();
  Transfer transfer{.handle = handle, .file = file, .options = options, .asked_from = file.size()};
  char message[CURL_ERROR_SIZE] = "";

  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR,
                   url.starts_with("https") ? "https" : "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "normlab");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1000L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                   static_cast<long>(options.stall_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(options.most_bytes));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, report);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  // Not CURLOPT_RESUME_FROM: that gives up on a server that ignores ranges.
  const std::string range = fmt::format("{}-", file.size());
  if (file.size() > 0) curl_easy_setopt(handle, CURLOPT_RANGE, range.c_str());

  const CURLcode code = curl_easy_perform(handle);
  return judge(transfer, code, message);
}

void pause_between_attempts(const DownloadOptions& options, std::chrono::milliseconds pause) {
  if (options.sleep) {
    options.sleep(pause);
  } else {
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

void download(const std::string& url, const std::filesystem::path& path,
              const DownloadOptions& options) {
  PartialFile file(path);
  auto pause = kFirstPause;
  for (int number = 1;; ++number, pause *= 2) {
    const Outcome outcome = attempt(url, file, options);
    if (outcome.done) return;
    if (!outcome.try_again || number >= options.attempts) {
      throw DownloadError(
          fmt::format("{}: {}{}", url, outcome.reason,
                      number > 1 ? fmt::format(" (tried {} times)", number) : std::string()));
    }
    pause_between_attempts(options, pause);
  }
}

}  // namespace normlab
