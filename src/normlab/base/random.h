// Random numbers from a counter (Philox4x32-10: Salmon et al., "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011). A number depends on (seed, purpose, epoch, sample, position) and on
// nothing else, so neither the number of threads nor the order of work changes it.
#pragma once

#include <array>
#include <cstdint>

namespace normlab {

// What a number is drawn for. Streams of different purposes are independent, so that one source of
// chance can be held fixed while another varies.
enum class Purpose : std::uint32_t {
  kInitialisation = 1,
  kOrder,
  kAugmentation,
  kDropout,
  // Not of a training: what statistics over trainings draw.
  kBootstrap = 128,
  kPermutation
};

// Where a stream begins: the counter of its first four numbers, and the key of all. The next four
// are those of the next counter[0]. counter[3] is the sample.
struct RandomOrigin {
  // `epoch`, `sample` and `layer` are counters: `sample` is a parameter's index at initialisation
  // and the position of an image in the data set for augmentation and dropout, `layer` (below 2^24)
  // is the layer that drops.
  RandomOrigin(std::uint64_t seed, Purpose purpose, std::uint32_t epoch, std::uint32_t sample,
               std::uint32_t layer = 0);

  std::array<std::uint32_t, 4> counter;
  std::array<std::uint32_t, 2> key;
};

class RandomStream {
 public:
  explicit RandomStream(const RandomOrigin& origin) : origin_(origin) {}
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint32_t epoch, std::uint32_t sample,
               std::uint32_t layer = 0)
      : origin_(seed, purpose, epoch, sample, layer) {}

  // The next 32 random bits of this stream.
  std::uint32_t bits();

  // Uniform in [0, 1), a multiple of 2^-24: exact in float.
  float uniform();

  // Uniform in [low, high).
  float uniform(float low, float high);

  // Uniform in {0, ..., bound - 1}, without bias; bound > 0.
  std::uint32_t below(std::uint32_t bound);

 private:
  RandomOrigin origin_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace normlab
