// One layer: what it computes, forward and backward, on one tile.
//
// A layer is a description; it never changes after the network is built. All memory that it works
// on belongs to the step or the inference that runs it, so one network can serve many at once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "normlab/base/buffer.h"
#include "normlab/kernels/batch_norm.h"
#include "normlab/nn/network.h"
#include "normlab/tensor/shape.h"

namespace normlab {

// One array of parameters or of running statistics that a layer owns.
struct ParameterSpec {
  std::string suffix;  // "weight"
  ParameterKind kind = ParameterKind::kWeight;
  std::vector<int> shape;
  int fan_in = 0;     // of weights and biases: bounds their initial values
  float initial = 0;  // of everything else
};

// How much memory a layer wants, in floats.
struct LayerMemory {
  std::size_t packed = 0;   // weights in the kernels' order; once per network, filled by pack()
  std::size_t saved = 0;    // from forward to backward, and room to work in for infer(); per tile
  std::size_t scratch = 0;  // room to work in; per worker
};

// The weights of a layer, to read.
struct LayerWeights {
  const float* parameters;  // the layer's own, in the order of parameters()
  const float* packed;
};

// What a layer knows about the tile in its hands.
struct TileInfo {
  int lanes = 0;                       // how many hold samples
  std::span<const std::uint32_t> ids;  // of the samples: positions in the data set, [lanes]
  std::uint64_t seed = 0;              // what dropout draws from, with ids and epoch
  std::uint32_t epoch = 0;
  bool wants_dx = true;         // false for the first layer with parameters: nothing reads its dx
  float* scratch = nullptr;     // memory().scratch floats
  const float* norm = nullptr;  // what the layer before has left_to_next(), if anything
};

// What the backward of a layer reads. `x` and `y` are its input and output, each only where
// reads_input() and reads_output() say so; the other may hold anything.
struct LayerUpstream {
  const float* dy;
  const float* x;
  const float* y;
  const float* saved;
};

class Meeting;

class Layer {
 public:
  Layer(std::string name, std::string type_name, const Shape& input, const Shape& output)
      : name_(std::move(name)), type_name_(std::move(type_name)), input_(input), output_(output) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  const std::string& name() const { return name_; }
  const std::string& type_name() const { return type_name_; }  // as PyTorch calls it: "Conv2d"
  const Shape& input_shape() const { return input_; }
  const Shape& output_shape() const { return output_; }

  virtual std::vector<ParameterSpec> parameters() const { return {}; }
  virtual std::vector<ParameterSpec> buffers() const { return {}; }
  virtual LayerMemory memory() const { return {}; }

  // Multiply-adds of the forward pass for one sample.
  virtual std::uint64_t multiply_adds() const { return 0; }

  // Whether y may be x, forward, and dx may be dy, backward.
  virtual bool in_place() const = 0;
  // Whether y holds the numbers of x in their order and dx those of dy: in place, nothing happens.
  virtual bool passes_through() const { return false; }
  // Whether dx may be x, backward: the layer reads of x what it needs before it writes there.
  virtual bool dx_may_be_x() const { return false; }
  // What the backward reads.
  virtual bool reads_input() const { return false; }
  virtual bool reads_output() const { return false; }

  // Asks the layer to do the work of the ReLU that follows it, or comes before it: then y is the
  // ReLU's output, or dx the gradient of its input. Asked once, when the network is built; true if
  // the layer does so from then on.
  virtual bool take_over_relu_after() { return false; }
  virtual bool take_over_relu_before() { return false; }

  // Asks the layer to do the work of the max pool that follows it, forward and backward, whose
  // windows of side x side numbers stand side by side. If it does so from then on, true: y and dy
  // are the pool's output and its gradient, and have its shape.
  virtual bool take_over_max_pool_after(int /*side*/) { return false; }
  // The shape of y and dy: output_shape(), unless a max pool has been taken over.
  virtual Shape stored_shape() const { return output_shape(); }

  // Asks the layer to normalize its input while training, each number as it is read, so that the
  // norm before it need not write its output: TileInfo::norm is how. Asked once; true if the layer
  // does so from then on.
  virtual bool take_over_norm_before() { return false; }
  // Lets a norm ask the next layer for it, once that has taken over what else it does.
  virtual void offer_norm_to(Layer& /*next*/) {}
  // Null, or what a norm leaves to the next layer, in `saved`: [C][3][16], center, slope and shift,
  // where y = (x - center) * slope + shift. Then it is in place, forward leaves x as it is, and the
  // next layer must not write over it.
  virtual const float* left_to_next(const float* /*saved*/) const { return nullptr; }

  // Puts weights in the kernels' order; called when they have changed. `buffers` are the layer's
  // own.
  virtual void pack(float* /*packed*/, const float* /*parameters*/,
                    const float* /*buffers*/) const {}

  // Evaluation: running statistics, no dropout. y is assigned; `scratch` has as many floats as the
  // larger of memory().saved and memory().scratch.
  virtual void infer(float* y, float* scratch, const float* x,
                     const LayerWeights& weights) const = 0;

  // Training. y is assigned; `saved` is kept until the tile's backward.
  virtual void forward(float* y, float* saved, const float* x, const LayerWeights& weights,
                       const TileInfo& tile) const = 0;

  // dx (unless the tile wants none) and dparameters, the sums over this tile, are assigned.
  virtual void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                        const LayerWeights& weights, const TileInfo& tile) const = 0;

  // Not null for a layer whose samples must meet while training.
  virtual const Meeting* meeting() const { return nullptr; }

 private:
  std::string name_;
  std::string type_name_;
  Shape input_;
  Shape output_;
};

// What the tiles of a batch bring together for one layer, per channel.
struct MeetingMemory {
  int samples = 0;
  int tiles = 0;
  std::vector<Moments> moments;  // [tiles][C]
  FloatBuffer sums;              // [tiles][2][C]: each tile's dgamma and dbeta
  FloatBuffer joined;            // Meeting::joined_floats(): what the layer makes of them

  // For a batch of so many samples. Grows and shrinks with them.
  void resize(const Meeting& meeting, int batch_samples, int channels);
};

// A layer for which the tiles of a batch must come together before each can go on: each tile is
// observed on its own, then all that was seen is joined in tile order, then the tiles go on apart.
class Meeting {
 public:
  virtual ~Meeting() = default;

  // How many floats joining leaves behind for a batch of so many samples.
  virtual std::size_t joined_floats(int samples) const = 0;

  virtual void observe_forward(MeetingMemory& memory, int tile_index, const float* x,
                               const TileInfo& tile) const = 0;
  // Also updates the running statistics. Throws Error if the batch has one value per channel.
  virtual void join_forward(MeetingMemory& memory, float* buffers) const = 0;
  // y is assigned; `saved` is kept until the tile's backward.
  virtual void forward_joined(float* y, float* saved, const float* x, const MeetingMemory& memory,
                              int tile_index, const LayerWeights& weights) const = 0;

  // dparameters, the sums over this tile, are assigned.
  virtual void observe_backward(MeetingMemory& memory, int tile_index, float* dparameters,
                                const LayerUpstream& upstream, const LayerWeights& weights,
                                const TileInfo& tile) const = 0;
  virtual void join_backward(MeetingMemory& memory) const = 0;
  virtual void backward_joined(float* dx, const MeetingMemory& memory, int tile_index,
                               const LayerUpstream& upstream,
                               const LayerWeights& weights) const = 0;

  // The least number of samples that can be trained on.
  virtual int smallest_batch() const = 0;
};

}  // namespace normlab
