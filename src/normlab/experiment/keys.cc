#include "normlab/experiment/keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace normlab {
namespace {

constexpr double kMaxNumber = 1e30;  // a finite float
constexpr std::int64_t kMaxCount = 1'000'000;

ExperimentKey key(std::string name, std::string type, std::string range, std::string meaning) {
  ExperimentKey made;
  made.name = std::move(name);
  made.type = std::move(type);
  made.range = std::move(range);
  made.meaning = std::move(meaning);
  return made;
}

// What is kept in single precision must lie in the range too: an experiment.toml is read again.
void refuse_rounded_out(const std::string& name, double value, double kept,
                        const Range<double>& range, const TomlReader& table) {
  if (range.holds(kept)) return;
  table.fail(name, fmt::format("{} must be a number{}, and {} is {} in single precision", name,
                               to_string(range), value, kept));
}

// `member` gives a reference to the setting: [](auto& s) -> auto& { return s.recipe.epochs; }.
template <class Member>
ExperimentKey whole_key(std::string name, Range<std::int64_t> range, std::string meaning,
                        Member member) {
  ExperimentKey made = key(std::move(name), "whole number", to_string(range), std::move(meaning));
  made.read = [name = made.name, range, member](RunSettings& settings, const TomlReader& table) {
    auto& setting = member(settings);
    if (const auto value = table.whole(name, range)) {
      setting = static_cast<std::remove_reference_t<decltype(setting)>>(*value);
    }
  };
  made.write = [member](const RunSettings& settings) {
    return fmt::format("{}", member(settings));
  };
  return made;
}

template <class Member>
ExperimentKey number_key(std::string name, Range<double> range, std::string meaning,
                         Member member) {
  ExperimentKey made = key(std::move(name), "number", to_string(range), std::move(meaning));
  made.read = [name = made.name, range, member](RunSettings& settings, const TomlReader& table) {
    auto& setting = member(settings);
    if (const auto value = table.number(name, range)) {
      setting = static_cast<std::remove_reference_t<decltype(setting)>>(*value);
      refuse_rounded_out(name, *value, static_cast<double>(setting), range, table);
    }
  };
  made.write = [member](const RunSettings& settings) {
    return fmt::format("{}", member(settings));  // the fewest digits that read back the same
  };
  return made;
}

template <class Member>
ExperimentKey switch_key(std::string name, std::string meaning, Member member) {
  ExperimentKey made = key(std::move(name), "true or false", "", std::move(meaning));
  made.read = [name = made.name, member](RunSettings& settings, const TomlReader& table) {
    if (const auto value = table.boolean(name)) member(settings) = *value;
  };
  made.write = [member](const RunSettings& settings) {
    return std::string(member(settings) ? "true" : "false");
  };
  return made;
}

template <class Member>
ExperimentKey text_key(std::string name, std::string meaning, Member member) {
  ExperimentKey made = key(std::move(name), "text", "", std::move(meaning));
  made.is_text = true;
  made.read = [name = made.name, member](RunSettings& settings, const TomlReader& table) {
    if (const auto value = table.text(name)) member(settings) = *value;
  };
  made.write = [member](const RunSettings& settings) { return toml_string(member(settings)); };
  return made;
}

// An enumeration with to_string(); `values` lists all of it.
template <class Values, class Member>
ExperimentKey choice_key(std::string name, const Values& values,
                         std::string (*name_of)(typename Values::value_type), std::string meaning,
                         Member member) {
  std::vector<std::string> names;
  for (const auto value : values) names.push_back(name_of(value));
  ExperimentKey made = key(std::move(name), fmt::format("one of {}", fmt::join(names, ", ")), "",
                           std::move(meaning));
  made.is_text = true;
  made.read = [name = made.name, names, values, member](RunSettings& settings,
                                                        const TomlReader& table) {
    const auto chosen = table.one_of(name, names);
    for (std::size_t i = 0; chosen && i < names.size(); ++i) {
      if (names[i] == *chosen) member(settings) = values[i];
    }
  };
  made.write = [name_of, member](const RunSettings& settings) {
    return toml_string(name_of(member(settings)));
  };
  return made;
}

template <class Member>
ExperimentKey numbers_key(std::string name, Range<double> range, CountRange counts,
                          std::string meaning, Member member) {
  ExperimentKey made =
      key(std::move(name), "list of numbers", to_string(range), std::move(meaning));
  made.read = [name = made.name, range, counts, member](RunSettings& settings,
                                                        const TomlReader& table) {
    if (const auto values = table.numbers(name, range, counts)) {
      auto& setting = member(settings);
      setting.clear();
      for (const double value : *values) {
        setting.push_back(static_cast<float>(value));
        refuse_rounded_out(name, value, setting.back(), range, table);
      }
    }
  };
  made.write = [member](const RunSettings& settings) {
    return fmt::format("[{}]", fmt::join(member(settings), ", "));
  };
  return made;
}

template <class Member>
ExperimentKey wholes_key(std::string name, Range<std::int64_t> range, CountRange counts,
                         std::string meaning, Member member) {
  ExperimentKey made =
      key(std::move(name), "list of whole numbers", to_string(range), std::move(meaning));
  made.read = [name = made.name, range, counts, member](RunSettings& settings,
                                                        const TomlReader& table) {
    if (const auto values = table.wholes(name, range, counts)) {
      auto& setting = member(settings);
      setting.clear();
      for (const std::int64_t value : *values) setting.push_back(static_cast<int>(value));
    }
  };
  made.write = [member](const RunSettings& settings) {
    return fmt::format("[{}]", fmt::join(member(settings), ", "));
  };
  return made;
}

// "; not set: 1e-06 for layer2d", of the norms that have another eps than most.
std::string other_eps() {
  std::vector<std::string> others;
  for (const NormKind kind : norm_kinds()) {
    const float eps = norm_eps({.kind = kind});
    if (eps != norm_eps({})) others.push_back(fmt::format("{} for {}", eps, to_string(kind)));
  }
  return others.empty() ? "" : fmt::format("; not set: {}", fmt::join(others, ", "));
}

std::string l1_scope_name(L1Scope scope) { return scope == L1Scope::kAll ? "all" : "weights"; }

constexpr std::array kScheduleKinds = {ScheduleKind::kConstant, ScheduleKind::kStep,
                                       ScheduleKind::kMultiStep, ScheduleKind::kCosine,
                                       ScheduleKind::kOneCycle};
constexpr std::array kNormPlacements = {NormPlacement::kModel, NormPlacement::kAfter,
                                        NormPlacement::kBefore};
constexpr std::array kL1Scopes = {L1Scope::kAll, L1Scope::kWeights};

// A run that names a file or a text replaces whichever of the two stood at the top.
ExperimentKey model_key(std::string name, std::string meaning, std::string RunSettings::*member,
                        std::string RunSettings::*other) {
  ExperimentKey made = key(std::move(name), "text", "", std::move(meaning));
  made.is_text = true;
  made.read = [name = made.name, member, other](RunSettings& settings, const TomlReader& table) {
    if (const auto value = table.text(name); value && !value->empty()) {
      settings.*member = *value;
      (settings.*other).clear();
    }
  };
  made.write = [member](const RunSettings& settings) {
    return (settings.*member).empty() ? "" : toml_string(settings.*member);
  };
  return made;
}

// The seed of one source of chance.
ExperimentKey chance_key(std::string name, std::string meaning,
                         std::optional<std::uint64_t> Chance::*member) {
  const Range<std::int64_t> range = {.least = 0};
  ExperimentKey made = key(std::move(name), "whole number", to_string(range), std::move(meaning));
  made.read = [name = made.name, range, member](RunSettings& settings, const TomlReader& table) {
    if (const auto value = table.whole(name, range)) {
      settings.recipe.chance.*member = static_cast<std::uint64_t>(*value);
    }
  };
  made.write = [member](const RunSettings& settings) {
    const auto& seed = settings.recipe.chance.*member;
    return seed ? fmt::format("{}", *seed) : std::string();
  };
  return made;
}

ExperimentKey dropout_key() {
  const Range<double> range = {.least = 0, .most = 1, .below_most = true};
  ExperimentKey made = key("model.dropout", "number", to_string(range),
                           "probability of every dropout layer; not set: each layer's own");
  made.read = [name = made.name, range](RunSettings& settings, const TomlReader& table) {
    if (const auto value = table.number(name, range)) {
      settings.dropout = *value;
      refuse_rounded_out(name, *value, static_cast<float>(*value), range, table);
    }
  };
  made.write = [](const RunSettings& settings) {
    return settings.dropout ? fmt::format("{}", *settings.dropout) : std::string();
  };
  return made;
}

// Written as what it is for the run's norm, so that a complete experiment does not depend on it.
ExperimentKey eps_key() {
  const Range<double> range = {.least = 0, .most = 1};
  ExperimentKey made = key("norm.eps", "number", to_string(range),
                           fmt::format("added to the variance{}", other_eps()));
  made.read = [name = made.name, range](RunSettings& settings, const TomlReader& table) {
    if (const auto value = table.number(name, range)) {
      settings.norm.eps = static_cast<float>(*value);
    }
  };
  made.write = [](const RunSettings& settings) {
    return fmt::format("{}", norm_eps(settings.norm));
  };
  return made;
}

std::vector<ExperimentKey> make_keys() {
  const Range<double> not_negative = {.least = 0, .most = kMaxNumber};
  const Range<double> positive = {.least = 0, .most = kMaxNumber, .above_least = true};
  const Range<double> share = {.least = 0, .most = 1};
  const Range<std::int64_t> from_one = {.least = 1, .most = kMaxCount};
  std::vector<ExperimentKey> keys;
  keys.push_back(text_key(
      "data.name",
      "a data set that `normlab data list` shows, or a folder of IDX files, "
      "written with a slash",
      [](auto& s) -> auto& { return s.data_name; }));
  keys.push_back(numbers_key(
      "data.mean", {.least = -kMaxNumber, .most = kMaxNumber}, {.least = 0, .most = 4096},
      "subtracted from pixel/255, one for each channel; empty: that of the "
      "training images",
      [](auto& s) -> auto& { return s.recipe.mean; }));
  keys.push_back(numbers_key(
      "data.std", positive, {.least = 0, .most = 4096},
      "what is left is divided by it, one for each channel; empty: that of "
      "the training images",
      [](auto& s) -> auto& { return s.recipe.std; }));
  keys.push_back(whole_key(
      "data.validation", {.least = 0, .most = 10'000'000},
      "training images that are held out and scored after each epoch; the test images are then "
      "scored once, after the last",
      [](auto& s) -> auto& { return s.validation; }));

  keys.push_back(switch_key(
      "augment.enabled", "change each training image a little, each time",
      [](auto& s) -> auto& { return s.recipe.augment.enabled; }));
  keys.push_back(number_key(
      "augment.brightness", share, "brightness is multiplied by U(1 - this, 1 + this)",
      [](auto& s) -> auto& { return s.recipe.augment.brightness; }));
  keys.push_back(number_key(
      "augment.contrast", share, "contrast is multiplied by U(1 - this, 1 + this)",
      [](auto& s) -> auto& { return s.recipe.augment.contrast; }));
  keys.push_back(number_key(
      "augment.rotation", {.least = 0, .most = 180}, "degrees; turned by U(-this, +this)",
      [](auto& s) -> auto& { return s.recipe.augment.rotation_degrees; }));
  keys.push_back(number_key(
      "augment.shift", {.least = 0, .most = 1024},
      "pixels; moved across and down by U(-this, +this), each rounded",
      [](auto& s) -> auto& { return s.recipe.augment.shift; }));
  keys.push_back(number_key(
      "augment.scale", {.least = 0, .most = 0.9}, "size is multiplied by U(1 - this, 1 + this)",
      [](auto& s) -> auto& { return s.recipe.augment.scale; }));
  keys.push_back(whole_key(
      "augment.fill", {.least = 0, .most = 255}, "value of pixels that come in from outside",
      [](auto& s) -> auto& { return s.recipe.augment.fill; }));

  keys.push_back(model_key(
      "model.file",
      "a network's file, sought from this one and from the working folder; or the name of "
      "one in models/ or a shipped one",
      &RunSettings::model_file, &RunSettings::model_text));
  keys.push_back(model_key("model.text", "the network itself, in place of a file",
                           &RunSettings::model_text, &RunSettings::model_file));
  keys.push_back(dropout_key());

  keys.push_back(choice_key(
      "norm.kind", norm_kinds(), to_string, "what takes the place of `norm` in the network",
      [](auto& s) -> auto& { return s.norm.kind; }));
  keys.push_back(whole_key(
      "norm.groups", {.least = 1, .most = 4096},
      "of channels, for group norm and EvoNorm; must divide the channels",
      [](auto& s) -> auto& { return s.norm.groups; }));
  keys.push_back(eps_key());
  keys.push_back(number_key(
      "norm.momentum", share,
      "batch norm and its kin: weight of the newest batch in the running statistics",
      [](auto& s) -> auto& { return s.norm.momentum; }));
  keys.push_back(switch_key(
      "norm.affine", "scale and shift each channel after the norm",
      [](auto& s) -> auto& { return s.norm.affine; }));
  keys.push_back(choice_key(
      "norm.placement", kNormPlacements, to_string,
      "where a `norm` beside a ReLU stands: after it, before it, or as the model has them",
      [](auto& s) -> auto& { return s.norm.placement; }));
  keys.push_back(switch_key(
      "norm.weight_standardization",
      "standardize the weights of each convolution, but of one that ends the network (any norm)",
      [](auto& s) -> auto& { return s.norm.weight_standardization; }));
  keys.push_back(number_key(
      "norm.alpha", positive, "dynamic tanh: the factor in it, at first",
      [](auto& s) -> auto& { return s.norm.alpha; }));
  keys.push_back(number_key(
      "norm.r_max", {.least = 1, .most = kMaxNumber},
      "batch renorm: r is kept between 1 / this and this",
      [](auto& s) -> auto& { return s.norm.r_max; }));
  keys.push_back(number_key(
      "norm.d_max", not_negative, "batch renorm: d is kept between -this and this",
      [](auto& s) -> auto& { return s.norm.d_max; }));
  keys.push_back(whole_key(
      "norm.virtual_batch", {.least = 16, .most = 65536},
      "ghost batch norm: samples normalized together, a multiple of 16",
      [](auto& s) -> auto& { return s.norm.virtual_batch; }));

  keys.push_back(number_key(
      "l1.lambda", not_negative,
      "lambda times the sum of the parameters' absolute values is added to the mean loss of a "
      "batch",
      [](auto& s) -> auto& { return s.recipe.l1; }));
  keys.push_back(choice_key(
      "l1.scope", kL1Scopes, l1_scope_name,
      "all parameters, or weights of convolutions and linear layers only",
      [](auto& s) -> auto& { return s.recipe.l1_scope; }));

  keys.push_back(whole_key(
      "train.epochs", from_one, "passes over the training images",
      [](auto& s) -> auto& { return s.recipe.epochs; }));
  keys.push_back(whole_key(
      "train.batch_size", {.least = 1, .most = 65536},
      "images in a step; the last, short batch of an epoch counts too",
      [](auto& s) -> auto& { return s.recipe.batch_size; }));
  keys.push_back(whole_key(
      "train.seed", {.least = 0}, "of first weights, order, augmentation and dropout",
      [](auto& s) -> auto& { return s.recipe.seed; }));
  keys.push_back(switch_key(
      "train.shuffle", "a new order of the training images in each epoch",
      [](auto& s) -> auto& { return s.recipe.shuffle; }));
  keys.push_back(choice_key(
      "train.convolution", kConvolutionAlgorithms, to_string,
      "how convolutions are computed: winograd where kernels are 3 wide, stride is 1 and there are "
      "at least 4 channels on either side, and from 32 channels in two dimensions, with 5x5 and "
      "stride 2 too, which is faster and rounds otherwise (docs/parity.md); all direct; or bf16, "
      "factors rounded to 8 bits where stride is 1 and there are at least 4 channels on either "
      "side, "
      "which is faster still on processors with AMX and slow on others (docs/performance.md)",
      [](auto& s) -> auto& { return s.convolution; }));

  keys.push_back(chance_key("chance.initialisation",
                            "seed of the first weights; not set: train.seed",
                            &Chance::initialisation));
  keys.push_back(chance_key("chance.order",
                            "seed of the order of the training images; not set: train.seed",
                            &Chance::order));
  keys.push_back(chance_key("chance.augmentation",
                            "seed of the changes to them; not set: train.seed",
                            &Chance::augmentation));
  keys.push_back(
      chance_key("chance.dropout", "seed of dropout; not set: train.seed", &Chance::dropout));

  keys.push_back(number_key(
      "optimizer.momentum", {.least = 0, .most = 1, .below_most = true},
      "of stochastic gradient descent", [](auto& s) -> auto& { return s.recipe.momentum; }));
  keys.push_back(switch_key(
      "optimizer.nesterov", "look ahead along the velocity",
      [](auto& s) -> auto& { return s.recipe.nesterov; }));
  keys.push_back(number_key(
      "optimizer.weight_decay", not_negative, "times the parameter, added to its gradient",
      [](auto& s) -> auto& { return s.recipe.weight_decay; }));

  keys.push_back(choice_key(
      "schedule.kind", kScheduleKinds, to_string, "how the learning rate changes",
      [](auto& s) -> auto& { return s.recipe.schedule.kind; }));
  keys.push_back(number_key(
      "schedule.learning_rate", positive, "at the start; one-cycle: the highest",
      [](auto& s) -> auto& { return s.recipe.schedule.learning_rate; }));
  keys.push_back(whole_key(
      "schedule.step", from_one, "step: multiply by gamma every so many epochs",
      [](auto& s) -> auto& { return s.recipe.schedule.step_epochs; }));
  keys.push_back(wholes_key(
      "schedule.milestones", from_one, {.least = 0, .most = 1000},
      "multi-step: multiply by gamma after each of these epochs",
      [](auto& s) -> auto& { return s.recipe.schedule.milestones; }));
  keys.push_back(number_key(
      "schedule.gamma", {.least = 0, .most = 1, .above_least = true},
      "step, multi-step: the factor", [](auto& s) -> auto& { return s.recipe.schedule.gamma; }));
  keys.push_back(number_key(
      "schedule.minimum", not_negative,
      "cosine: what the rate falls towards, an epoch after the last",
      [](auto& s) -> auto& { return s.recipe.schedule.minimum; }));
  keys.push_back(number_key(
      "schedule.warmup_share", share, "one-cycle: share of the steps in which the rate rises",
      [](auto& s) -> auto& { return s.recipe.schedule.warmup_share; }));
  keys.push_back(number_key(
      "schedule.initial_divisor", positive, "one-cycle: the first rate is learning_rate / this",
      [](auto& s) -> auto& { return s.recipe.schedule.initial_divisor; }));
  keys.push_back(number_key(
      "schedule.final_divisor", positive, "one-cycle: the last rate is the first / this",
      [](auto& s) -> auto& { return s.recipe.schedule.final_divisor; }));
  return keys;
}

}  // namespace

std::span<const ExperimentKey> experiment_keys() {
  static const std::vector<ExperimentKey> keys = make_keys();
  return keys;
}

}  // namespace normlab
