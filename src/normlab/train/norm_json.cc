#include "normlab/train/norm_json.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "normlab/base/error.h"
#include "normlab/formats/shortest.h"

namespace normlab {

namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::string to_json(const Norm& norm) {
  Json object = {{"kind", to_string(norm.kind)},
                 {"groups", norm.groups},
                 {"eps", shortest(norm_eps(norm))},
                 {"momentum", shortest(norm.momentum)},
                 {"affine", norm.affine}};
  // The rest belongs to few norms, and is written where it says something.
  const Norm usual;
  const auto add = [&](const char* key, bool says_something, const Json& value) {
    if (says_something) object[key] = value;
  };
  add("alpha", norm.alpha != usual.alpha, shortest(norm.alpha));
  add("r_max", norm.r_max != usual.r_max, shortest(norm.r_max));
  add("d_max", norm.d_max != usual.d_max, shortest(norm.d_max));
  add("virtual_batch", norm.virtual_batch != usual.virtual_batch, norm.virtual_batch);
  add("placement", norm.placement != usual.placement, to_string(norm.placement));
  add("weight_standardization", norm.weight_standardization, true);
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
    norm.alpha = object.value("alpha", norm.alpha);
    norm.r_max = object.value("r_max", norm.r_max);
    norm.d_max = object.value("d_max", norm.d_max);
    norm.virtual_batch = object.value("virtual_batch", norm.virtual_batch);
    norm.placement = parse_norm_placement(object.value("placement", to_string(norm.placement)));
    norm.weight_standardization = object.value("weight_standardization", false);
    return norm;
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: is no description of a norm ({}); the file is damaged", source,
                            error.what()));
  } catch (const UsageError& error) {
    throw Error(fmt::format("{}: {}", source, error.what()));
  }
}

}  // namespace normlab
