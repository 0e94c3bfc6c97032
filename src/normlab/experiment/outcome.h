// What a run that went to its end leaves: its network and what that says of the test images.
#pragma once

#include "normlab/base/workers.h"
#include "normlab/experiment/datasets.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/predictions.h"
#include "normlab/formats/safetensors.h"
#include "normlab/nn/network.h"

namespace normlab {

struct RunOutcome {
  SafetensorsFile model;    // model.safetensors
  Predictions predictions;  // predictions.csv
};

RunOutcome outcome_of(const Network& network, const RunSettings& settings, const DatasetPair& data,
                      Workers& workers);

}  // namespace normlab
