// From a name to images in memory.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "normlab/data/dataset.h"
#include "normlab/data/fetch.h"

namespace normlab {

struct LoadOptions {
  bool fetch = true;  // what is not on this machine
  FetchOptions fetching;
};

// Loads one split ("train" or "test") of a data set.
//
// `name` is one that known_datasets() lists, looked for in the cache, then where a package of the
// system puts it, then fetched; the bytes are compared with their sums. Or it is a folder, written
// with a slash, that holds four IDX files, plain or .gz, named as those of MNIST are: train-images,
// train-labels, t10k-images (or test-images), t10k-labels, each with -idx3-ubyte, -idx4-ubyte or
// -idx1-ubyte. Images are [N][H][W] or [N][C][H][W]; the classes are the labels that occur, or the
// lines of a file classes.txt.
//
// Throws UsageError for an unknown name or split, Error naming the file for what is wrong with it:
// missing, damaged, another sum, other counts of images and labels, a label outside the classes.
Dataset load_dataset(const std::string& name, std::string_view split,
                     const LoadOptions& options = {});

// Throws Error unless the images of both splits have one shape: a network that was trained on one
// of them could not look at the other.
void require_one_shape(const Dataset& train, const Dataset& test);

// The folder that a name with a slash means: "~/mine" lies at home.
std::filesystem::path own_folder(const std::string& name);

}  // namespace normlab
