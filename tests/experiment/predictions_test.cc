#include "normlab/experiment/predictions.h"

#include <gtest/gtest.h>

#include "expect_error.h"
#include "normlab/base/file.h"
#include "normlab/base/random.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

TEST(Predictions, ReadsWhatItWroteBitForBit) {
  RandomStream random(5, Purpose::kAugmentation, 0, 0);
  Predictions written;
  written.classes = 4;
  for (int i = 0; i < 500; ++i) {
    written.labels.push_back(static_cast<int>(random.below(4)));
    for (int k = 0; k < 4; ++k) written.probabilities.push_back(random.uniform() / 4);
  }
  const TemporaryFolder folder;
  write_predictions(folder / "predictions.csv", written);
  const Predictions read = read_predictions(folder / "predictions.csv");
  EXPECT_EQ(read.classes, 4);
  EXPECT_EQ(read.labels, written.labels);
  EXPECT_EQ(read.probabilities, written.probabilities);
}

TEST(Predictions, TheFileIsPlain) {
  const TemporaryFolder folder;
  write_predictions(folder / "p.csv", {2, {1, 0}, {0.25f, 0.75f, 0.1f, 0.9f}});
  EXPECT_EQ(read_text_file(folder / "p.csv"),
            "index,label,prediction,p0,p1\n0,1,1,0.25,0.75\n1,0,1,0.1,0.9\n");
}

TEST(Predictions, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const auto fails = [&](const std::string& text, const std::string& message) {
    write_file_atomically(folder / "p.csv", text);
    expect_error([&] { read_predictions(folder / "p.csv"); }, {"p.csv", message});
  };
  const std::string head = "index,label,prediction,p0,p1\n";
  fails("", "empty");
  fails("index,label\n", "no file of predictions");
  fails("index,label,prediction,p0,q1\n", "no file of predictions");
  fails(head + "1,0,0,1,0\n", "index is out of order");
  fails(head + "0,2,0,1,0\n", "label is outside");
  fails(head + "0,-1,0,1,0\n", "label is outside");
  fails(head + "0,0,1,1,0\n", "not the most probable");
  fails(head + "0,0,0,nan,0\n", "outside 0 to 1");
  fails(head + "0,0,0,1.5,0\n", "outside 0 to 1");
  fails(head + "0,0,0,1\n", "4 fields, the head has 5");
  fails(head + "0,0,0,0.9,0.1", "the last row does not end");
}

}  // namespace
}  // namespace normlab
