// The reference network itself is checked by central differences, so that what the real one is
// compared with is right as a whole and not only piece by piece.
#include "nn/reference_network.h"

#include <gtest/gtest.h>

#include "nn/test_networks.h"
#include "norms/table.h"
#include "reference/gradient_check.h"

namespace normlab {
namespace {

TEST(ReferenceNetwork, GradientAgreesWithCentralDifferences) {
  reference::Random random(201);
  for (const char* text : kTestNetworks) {
    for (const NormCase& each : norm_cases()) {
      const Network network = random_network(random, text, differentiable_tries(each).front());
      SCOPED_TRACE(network.model().name + ", " + each.name);
      const TestBatch batch = random_batch(random, network, 3);
      ReferenceNetwork reference(network);
      const std::vector<double> gradient = reference.train(batch.in_double).gradient;
      const std::vector<double> at = reference.parameters;
      reference::expect_gradient(gradient, at, [&](const std::vector<double>& moved) {
        reference.parameters = moved;
        return reference.train_forward(batch.in_double).loss / 3;
      });
    }
  }
}

}  // namespace
}  // namespace normlab
