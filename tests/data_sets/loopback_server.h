// A web server on the loopback for tests: it does what the test says, good or bad.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace normlab {

struct Request {
  std::string path;                 // "/mnist/train-images-idx3-ubyte.gz"
  std::optional<std::size_t> from;  // of "Range: bytes=<from>-"
};

class LoopbackServer {
 public:
  // Returns all bytes to be sent, header included; the connection is closed after them.
  using Handler = std::function<std::string(const Request&)>;

  // Binds a port; `start` begins to answer (so that a test may fork in between).
  explicit LoopbackServer(Handler handler);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  void start();

  std::string url(std::string_view path = "/") const;
  std::vector<Request> requests() const;

 private:
  void serve();
  void answer(int connection);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::thread thread_;
};

// A reply with a body and the right length; `headers` end in "\r\n".
std::string reply(std::string_view body, std::string_view status = "200 OK",
                  std::string_view headers = "");

// What a good server does: the files it has, whole or from where it is asked.
std::string serve_file(const std::map<std::string, std::string>& files, const Request& request);

}  // namespace normlab
