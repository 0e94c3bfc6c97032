#include "normlab/report/comparison_json.h"

#include <nlohmann/json.hpp>

#include "normlab/statistics/bootstrap.h"

namespace normlab {
namespace {

using Json = nlohmann::ordered_json;

template <class Number>
Json or_null(const std::optional<Number>& number) {
  return number ? Json(*number) : Json(nullptr);
}

Json to_json(const Interval& interval) { return {interval.low, interval.high}; }

Json or_null(const std::optional<Interval>& interval) {
  return interval ? to_json(*interval) : Json(nullptr);
}

Json scores(int runs, double negative_log_likelihood, double brier, double calibration_error,
            const std::vector<double>& class_accuracy) {
  Json json = Json::object();
  if (runs > 0) json["runs"] = runs;
  json["nll"] = negative_log_likelihood;
  json["brier"] = brier;
  json["ece"] = calibration_error;
  json["class_accuracy"] = class_accuracy;
  return json;
}

Json to_json(const ArmRun& run) {
  Json json = {{"name", run.name},
               {"folder", run.folder.native()},
               {"seed", run.seed},
               {"accuracy", run.accuracy},
               {"scores", nullptr}};
  if (run.scores) {
    json["scores"] = scores(0, run.scores->negative_log_likelihood, run.scores->brier,
                            run.scores->calibration_error, run.scores->class_accuracy);
  }
  return json;
}

Json to_json(const Arm& arm, const ArmStatistics& statistics) {
  const Summary& accuracy = statistics.accuracy;
  Json runs = Json::array();
  for (const ArmRun& run : arm.runs) runs.push_back(to_json(run));
  Json json = {{"name", arm.name},
               {"n", accuracy.n},
               {"mean", accuracy.mean},
               {"standard_deviation", or_null(accuracy.standard_deviation)},
               {"t_interval", or_null(accuracy.interval)},
               {"bca_interval", or_null(statistics.bootstrap)},
               {"median", accuracy.median},
               {"interquartile_mean", accuracy.interquartile_mean},
               {"binomial_floor", or_null(statistics.floor)},
               {"scores", nullptr},
               {"runs", std::move(runs)}};
  if (statistics.scores) {
    const ScoreMeans& means = *statistics.scores;
    json["scores"] = scores(means.runs, means.negative_log_likelihood, means.brier,
                            means.calibration_error, means.class_accuracy);
  }
  return json;
}

Json to_json(const Comparison& comparison, const PairStatistics& pair) {
  Json json = {{"first", comparison.arms.arms[pair.first].name},
               {"second", comparison.arms.arms[pair.second].name},
               {"is_paired", pair.is_paired},
               {"first_runs", pair.first_runs},
               {"second_runs", pair.second_runs},
               {"difference", pair.difference.mean},
               {"standard_deviation", or_null(pair.difference.standard_deviation)},
               {"t_interval", or_null(pair.difference.interval)},
               {"test", to_string(pair.test)},
               {"p_value", pair.p_value},
               {"holm_p_value", pair.holm},
               {"permutation",
                {{"p_value", pair.permutation.p_value},
                 {"smallest_p_value", pair.permutation.smallest_p_value},
                 {"is_exact", pair.permutation.is_exact},
                 {"arrangements", pair.permutation.arrangements}}},
               {"mcnemar", nullptr},
               {"probability_of_improvement", pair.improvement.probability},
               {"improvement_interval", to_json(pair.improvement.interval)},
               {"effect", or_null(pair.effect)},
               {"effect_kind", pair.is_paired ? "d_z" : "g"},
               {"seeds_needed", or_null(pair.seeds_needed)},
               {"verdict", pair.verdict}};
  if (pair.mcnemar) {
    json["mcnemar"] = {{"only_first", pair.mcnemar->only_first},
                       {"only_second", pair.mcnemar->only_second},
                       {"p_value", pair.mcnemar->p_value}};
  }
  return json;
}

}  // namespace

std::string comparison_json(const Comparison& comparison, const ComparisonOptions& options) {
  Json arms = Json::array();
  for (std::size_t i = 0; i < comparison.statistics.size(); ++i) {
    arms.push_back(to_json(comparison.arms.arms[i], comparison.statistics[i]));
  }
  Json pairs = Json::array();
  for (const PairStatistics& pair : comparison.pairs) pairs.push_back(to_json(comparison, pair));
  Json left_out = Json::array();
  for (const LeftOut& left : comparison.arms.left_out) {
    left_out.push_back({{"what", left.what}, {"reason", left.reason}});
  }
  const Json document = {{"compared", "test accuracy of the last epoch, percent"},
                         {"confidence", kConfidence},
                         {"significance", kSignificance},
                         {"seed", options.seed},
                         {"resamples", kResamples},
                         {"test_images", comparison.arms.test_images},
                         {"arms", std::move(arms)},
                         {"pairs", std::move(pairs)},
                         {"notes", comparison.notes},
                         {"left_out", std::move(left_out)}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace normlab
