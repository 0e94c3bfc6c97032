#include "normlab/experiment/outcome.h"

#include "normlab/train/evaluate.h"
#include "normlab/train/model_file.h"

namespace normlab {

RunOutcome outcome_of(const Network& network, const RunSettings& settings, const DatasetPair& data,
                      Workers& workers) {
  const PixelScale scale = {settings.recipe.mean, settings.recipe.std};
  RunOutcome outcome;
  outcome.model = model_contents(network, {scale, data.train.name, data.train.class_names});
  outcome.predictions.classes = network.classes();
  outcome.predictions.labels.assign(data.test.labels.begin(), data.test.labels.end());
  outcome.predictions.probabilities = predict_probabilities(network, data.test, scale, workers);
  return outcome;
}

}  // namespace normlab
