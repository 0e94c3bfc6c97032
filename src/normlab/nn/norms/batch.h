// The layer of batch normalization, and what its kin change in it.
#pragma once

#include <string>

#include "normlab/nn/norms/registry.h"

namespace normlab {

// PyTorch's convention: the biased variance normalizes, the unbiased one goes into the running
// statistics, and `momentum` is the weight of the newest batch.
//
// A batch is normalized in sets of samples_at_once(): all of it here. What joining leaves of each
// set stands in a row of arrays [C]: mean, rstd, dgamma, dbeta, and those that a subclass adds.
class BatchNormLayer : public Layer, public Meeting {
 public:
  BatchNormLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm,
                 const char* type_name = "BatchNorm2d", std::size_t arrays = 4);

  std::vector<ParameterSpec> parameters() const override;
  std::vector<ParameterSpec> buffers() const override;
  LayerMemory memory() const override;
  bool in_place() const override { return !pools(); }
  bool dx_may_be_x() const override { return true; }
  bool reads_input() const override { return true; }
  bool take_over_relu_after() override { return relu_after_ = true; }
  bool take_over_relu_before() override { return relu_before_ = true; }
  bool take_over_max_pool_after(int side) override {
    pool_side_ = side;
    return true;
  }
  Shape stored_shape() const override;
  void offer_norm_to(Layer& next) override { leaves_ = next.take_over_norm_before(); }
  const float* left_to_next(const float* saved) const override { return leaves_ ? saved : nullptr; }
  bool passes_through() const override { return leaves_; }

  void pack(float* packed, const float* parameters, const float* buffers) const override;
  void infer(float* y, float* scratch, const float* x, const LayerWeights& weights) const override;
  // While training, the step goes through the meeting instead.
  void forward(float*, float*, const float*, const LayerWeights&, const TileInfo&) const override;
  void backward(float*, float*, const LayerUpstream&, const LayerWeights&,
                const TileInfo&) const override;
  const Meeting* meeting() const override { return this; }

  std::size_t joined_floats(int samples) const override;
  void observe_forward(MeetingMemory& memory, int tile_index, const float* x,
                       const TileInfo& tile) const override;
  void join_forward(MeetingMemory& memory, float* buffers) const override;
  void forward_joined(float* y, float* saved, const float* x, const MeetingMemory& memory,
                      int tile_index, const LayerWeights& weights) const override;
  void observe_backward(MeetingMemory& memory, int tile_index, float* dparameters,
                        const LayerUpstream& upstream, const LayerWeights& weights,
                        const TileInfo& tile) const override;
  void join_backward(MeetingMemory& memory) const override;
  void backward_joined(float* dx, const MeetingMemory& memory, int tile_index,
                       const LayerUpstream& upstream, const LayerWeights& weights) const override;
  int smallest_batch() const override { return input_shape().pixels() > 1 ? 1 : 2; }

 protected:
  // Of a batch of so many samples: a multiple of kLanes below it, or all of it. The last set takes
  // what is left over.
  virtual int samples_at_once(int samples) const { return samples; }

  // Assigns mean and rstd of channel c, with which x is normalized, from the set's moments. The
  // running statistics are those before this set.
  virtual void settle(float* joined, std::size_t c, const Moments& set, float running_mean,
                      float running_var) const;

  // Makes of the set's sums dgamma and dbeta what batch_norm_backward_input() takes for them.
  virtual void settle_sums(float* /*joined*/) const {}

  const Norm& norm() const { return norm_; }
  std::size_t channels() const { return channels_; }

 private:
  struct Set {
    std::size_t index;
    std::size_t tiles_begin;
    std::size_t tiles_end;
    int samples;
  };
  Set set(const MeetingMemory& memory, std::size_t index) const;
  Set set_of_tile(const MeetingMemory& memory, int tile_index) const;
  std::size_t sets(int samples) const;
  // Its arrays.
  const float* joined(const MeetingMemory& memory, const Set& set) const;
  float* joined(MeetingMemory& memory, const Set& set) const;

  bool pools() const { return pool_side_ > 1; }
  void run(float* y, float* extremes, const float* x, const BatchNormChannels& channels) const;
  void leave(float* terms, const BatchNormChannels& channels) const;
  const float* gamma(const LayerWeights& weights) const {
    return norm_.affine ? weights.parameters : nullptr;
  }
  BatchNormChannels affine(const LayerWeights& weights, const float* mean, const float* rstd) const;
  BatchNormInputs inputs(const float* joined, const LayerUpstream& upstream,
                         const LayerWeights& weights) const;

  float rstd(double variance) const;

  Norm norm_;
  std::size_t channels_;
  std::string where_;
  std::size_t arrays_;
  bool leaves_ = false;  // the normalization to the next layer
  bool relu_after_ = false;
  bool relu_before_ = false;
  int pool_side_ = 1;  // of the windows of the max pool that has been taken over; 1: none
};

}  // namespace normlab
