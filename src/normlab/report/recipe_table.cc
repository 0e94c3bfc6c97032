#include "normlab/report/recipe_table.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "normlab/nn/norms/registry.h"

namespace normlab {
namespace {

std::string data(const RunSettings& run) { return run.data_name; }

std::string model(const RunSettings& run) {
  std::string text = run.model_text.empty() ? run.model_file : "given in the experiment file";
  if (run.dropout) text += fmt::format(", dropout {}", *run.dropout);
  return text;
}

std::string norm(const RunSettings& run) {
  std::string text = describe(run.norm);
  const unsigned reads = norm_type(run.norm.kind).reads;
  if (reads & kReadsEps) text += fmt::format(", eps {}", norm_eps(run.norm));
  if (reads & kReadsMomentum) text += fmt::format(", momentum {}", run.norm.momentum);
  if ((reads & kReadsAffine) && !run.norm.affine) text += ", without scale and shift";
  return text;
}

std::string length(const RunSettings& run) {
  const Recipe& recipe = run.recipe;
  return fmt::format("{} epochs, batches of {} images{}", recipe.epochs, recipe.batch_size,
                     recipe.shuffle ? ", in a new order each epoch" : ", always in one order");
}

std::string optimizer(const RunSettings& run) {
  const Recipe& recipe = run.recipe;
  std::string text = fmt::format("SGD, momentum {}", recipe.momentum);
  if (recipe.nesterov) text += " (Nesterov)";
  if (recipe.weight_decay != 0) text += fmt::format(", weight decay {}", recipe.weight_decay);
  return text;
}

std::string schedule(const RunSettings& run) {
  const Schedule& schedule = run.recipe.schedule;
  switch (schedule.kind) {
    case ScheduleKind::kConstant:
      return fmt::format("{}, constant", schedule.learning_rate);
    case ScheduleKind::kStep:
      return fmt::format("{}, multiplied by {} every {} epochs", schedule.learning_rate,
                         schedule.gamma, schedule.step_epochs);
    case ScheduleKind::kMultiStep:
      return fmt::format("{}, multiplied by {} after epochs {}", schedule.learning_rate,
                         schedule.gamma, fmt::join(schedule.milestones, ", "));
    case ScheduleKind::kCosine:
      return fmt::format("{}, falling as a cosine to {}", schedule.learning_rate, schedule.minimum);
    case ScheduleKind::kOneCycle:
      return fmt::format("one cycle, at most {}", schedule.learning_rate);
  }
  return to_string(schedule.kind);
}

std::string penalty(const RunSettings& run) {
  if (run.recipe.l1 == 0) return "none";
  return fmt::format("{} times the sum of absolute {}", run.recipe.l1,
                     run.recipe.l1_scope == L1Scope::kAll
                         ? "values of all parameters"
                         : "weights of convolutions and linear layers");
}

std::string augmentation(const RunSettings& run) {
  const AugmentOptions& options = run.recipe.augment;
  if (!options.enabled) return "none";
  std::vector<std::string> changes;
  const auto by_share = [&](const char* what, float share) {
    if (share > 0) changes.push_back(fmt::format("{} up to {:g} % up or down", what, share * 100));
  };
  if (options.brightness == options.contrast) {
    by_share("brightness and contrast", options.brightness);
  } else {
    by_share("brightness", options.brightness);
    by_share("contrast", options.contrast);
  }
  if (options.rotation_degrees > 0) {
    changes.push_back(fmt::format("rotation up to {} degrees", options.rotation_degrees));
  }
  if (options.shift > 0) changes.push_back(fmt::format("shift up to {} pixels", options.shift));
  by_share("size", options.scale);
  return changes.empty() ? "none" : fmt::format("{}", fmt::join(changes, ", "));
}

std::string pixels(const RunSettings& run) {
  if (run.recipe.mean.empty()) return "scaled to mean 0 and deviation 1 of the training images";
  return fmt::format("(x / 255 - {}) / {}", fmt::join(run.recipe.mean, ", "),
                     fmt::join(run.recipe.std, ", "));
}

std::string seed(const RunSettings& run) {
  std::string text = fmt::format("{}", run.recipe.seed);
  const Chance& chance = run.recipe.chance;
  const auto add = [&](const char* what, const std::optional<std::uint64_t>& fixed) {
    if (fixed) text += fmt::format(", {} {}", what, *fixed);
  };
  add("first weights", chance.initialisation);
  add("order", chance.order);
  add("augmentation", chance.augmentation);
  add("dropout", chance.dropout);
  return text;
}

// One text if all runs share it, else each with the runs it holds for.
std::string describe_all(const Experiment& experiment,
                         const std::function<std::string(const RunSettings&)>& describe_run) {
  std::vector<std::pair<std::string, std::vector<std::string>>> texts;
  for (const RunSettings& run : experiment.runs) {
    const std::string text = describe_run(run);
    const auto same = std::find_if(texts.begin(), texts.end(),
                                   [&](const auto& each) { return each.first == text; });
    if (same == texts.end()) {
      texts.push_back({text, {run.name}});
    } else {
      same->second.push_back(run.name);
    }
  }
  if (texts.size() == 1) return texts.front().first;
  std::string all;
  for (const auto& [text, names] : texts) {
    if (!all.empty()) all += "; ";
    constexpr std::size_t kMostNames = 6;
    const std::size_t count = std::min(names.size(), kMostNames);
    all += fmt::format(
        "{}{}: {}",
        fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count), ", "),
        count < names.size() ? fmt::format(" and {} more", names.size() - count) : "", text);
  }
  return all;
}

}  // namespace

Table recipe_table(const Experiment& experiment) {
  Table table;
  table.head = {"What", "How"};
  table.is_number = {false, false};
  const auto add = [&](const char* what, const auto& describe_run) {
    table.rows.push_back({what, describe_all(experiment, describe_run)});
  };
  add("Data", data);
  add("Network", model);
  add("Normalization", norm);
  add("Training", length);
  add("Optimizer", optimizer);
  add("Learning rate", schedule);
  add("L1 penalty", penalty);
  add("Augmentation", augmentation);
  add("Pixels", pixels);
  add("Seed", seed);
  return table;
}

}  // namespace normlab
