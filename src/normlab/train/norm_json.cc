#include "normlab/train/norm_json.h"

#include <fmt/core.h>

#include <cmath>
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
    // A file that was written elsewhere may hold anything; the ranges are those of the keys.
    const auto number = [&](const char* key, float usual, float least, float most) {
      if (!object.contains(key)) return usual;
      const Json& value = object.at(key);
      const float found = value.is_number() ? value.get<float>() : NAN;
      if (!(found >= least && found <= most)) {
        throw Error(fmt::format("{}: the norm's {} must be a number from {} to {}, not {}", source,
                                key, least, most, value.dump()));
      }
      return found;
    };
    const auto whole = [&](const char* key, int usual, int least, int most) {
      const float found = number(key, static_cast<float>(usual), static_cast<float>(least),
                                 static_cast<float>(most));
      return static_cast<int>(found);
    };
    constexpr float kHuge = 1e30f;
    Norm norm;
    norm.kind = parse_norm_kind(object.at("kind").get<std::string>());
    norm.groups = whole("groups", norm.groups, 1, 4096);
    norm.eps = number("eps", norm_eps({.kind = norm.kind}), 0, 1);
    norm.momentum = number("momentum", norm.momentum, 0, 1);
    norm.affine = object.at("affine").get<bool>();
    norm.alpha = number("alpha", norm.alpha, 0, kHuge);
    norm.r_max = number("r_max", norm.r_max, 1, kHuge);
    norm.d_max = number("d_max", norm.d_max, 0, kHuge);
    norm.virtual_batch = whole("virtual_batch", norm.virtual_batch, 16, 65536);
    norm.placement = parse_norm_placement(object.value("placement", to_string(norm.placement)));
    norm.weight_standardization = object.value("weight_standardization", false);
    return norm;
  } catch (const Json::exception&) {
    throw Error(fmt::format("{}: is no description of a norm; the file is damaged", source));
  } catch (const UsageError& error) {
    throw Error(fmt::format("{}: {}", source, error.what()));
  }
}

}  // namespace normlab
