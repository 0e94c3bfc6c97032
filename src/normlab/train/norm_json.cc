#include "normlab/train/norm_json.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "normlab/base/error.h"
#include "normlab/formats/shortest.h"

namespace normlab {

using Json = nlohmann::ordered_json;

std::string to_json(const Norm& norm) {
  const Json object = {{"kind", to_string(norm.kind)},
                       {"groups", norm.groups},
                       {"eps", shortest(norm.eps)},
                       {"momentum", shortest(norm.momentum)},
                       {"affine", norm.affine}};
  return object.dump();
}

Norm norm_from_json(const std::string& text, const std::string& source) {
  try {
    const Json object = Json::parse(text);
    Norm norm;
    norm.kind = parse_norm_kind(object.at("kind").get<std::string>());
    norm.groups = object.at("groups").get<int>();
    norm.eps = object.at("eps").get<float>();
    norm.momentum = object.at("momentum").get<float>();
    norm.affine = object.at("affine").get<bool>();
    return norm;
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: is no description of a norm ({}); the file is damaged", source,
                            error.what()));
  } catch (const UsageError& error) {
    throw Error(fmt::format("{}: {}", source, error.what()));
  }
}

}  // namespace normlab
