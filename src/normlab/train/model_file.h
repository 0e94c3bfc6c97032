// A trained network in one file: weights in the safetensors format, and in its metadata what is
// needed to rebuild the network and to prepare its input (docs/results-format.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "normlab/formats/safetensors.h"
#include "normlab/nn/network.h"
#include "normlab/train/evaluate.h"

namespace normlab {

struct ModelFileInfo {
  PixelScale scale;                      // what its input was trained with
  std::string dataset;                   // "mnist"
  std::vector<std::string> class_names;  // one per class
};

// What save_model() writes.
SafetensorsFile model_contents(const Network& network, const ModelFileInfo& info);

// Atomic; the same network gives the same bytes. Throws Error if the file cannot be written.
void save_model(const std::filesystem::path& path, const Network& network,
                const ModelFileInfo& info);

struct LoadedModel {
  Network network;
  ModelFileInfo info;
  std::vector<std::string> remarks;  // for the user: what was passed over, and why
};

// Throws Error naming the file for one that is damaged, that no normlab has written, or whose
// tensors are not those of its network, with the same shapes and finite values.
LoadedModel load_model_file(const std::filesystem::path& path);

// Takes the weights of any safetensors file with the network's names and shapes, PyTorch's among
// them, and returns remarks. What PyTorch adds and the network has no use for is passed over: the
// unused block conv3 of the original session-6 class (with a remark), and batch norms' counts of
// batches. Throws Error as above; the network is unchanged then.
std::vector<std::string> load_weights(const std::filesystem::path& path, Network& network);

}  // namespace normlab
