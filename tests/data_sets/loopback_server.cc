#include "data_sets/loopback_server.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <stdexcept>
#include <utility>

namespace normlab {

LoopbackServer::LoopbackServer(Handler handler) : handler_(std::move(handler)) {
  ::setenv("no_proxy", "127.0.0.1", 1);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || ::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("no port on the loopback");
  }
  port_ = ntohs(address.sin_port);
}

LoopbackServer::~LoopbackServer() {
  ::shutdown(listener_, SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
  ::close(listener_);
}

void LoopbackServer::start() {
  thread_ = std::thread([this] { serve(); });
}

std::string LoopbackServer::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::vector<Request> LoopbackServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void LoopbackServer::serve() {
  for (;;) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    answer(connection);
    ::close(connection);
  }
}

void LoopbackServer::answer(int connection) {
  std::string head;
  char bytes[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(connection, bytes, sizeof bytes, 0);
    if (got <= 0) return;
    head.append(bytes, static_cast<std::size_t>(got));
  }
  Request request;
  const auto space = head.find(' ');
  request.path = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
  if (const auto range = head.find("Range: bytes="); range != std::string::npos) {
    request.from = std::stoull(head.substr(range + 13));
  }
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const std::string answer = handler_(request);
  std::string_view rest = answer;
  while (!rest.empty()) {
    const ssize_t sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  // Not a reset, which could take back what was sent: wait until the client closes.
  ::shutdown(connection, SHUT_WR);
  while (::recv(connection, bytes, sizeof bytes, 0) > 0) {
  }
}

std::string reply(std::string_view body, std::string_view status, std::string_view headers) {
  return fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{}", status,
                     headers, body.size(), body);
}

std::string serve_file(const std::map<std::string, std::string>& files, const Request& request) {
  const auto found = files.find(request.path);
  if (found == files.end()) return reply("no such file", "404 Not Found");
  const std::string& body = found->second;
  if (!request.from) return reply(body);
  if (*request.from >= body.size()) {
    return reply("", "416 Range Not Satisfiable",
                 fmt::format("Content-Range: bytes */{}\r\n", body.size()));
  }
  return reply(std::string_view(body).substr(*request.from), "206 Partial Content",
               fmt::format("Content-Range: bytes {}-{}/{}\r\n", *request.from, body.size() - 1,
                           body.size()));
}

}  // namespace normlab
