#include "normlab/cli/live_line.h"

#include <gtest/gtest.h>

namespace normlab {
namespace {

const Terminal kPlain = {};
const Terminal kUnicode = {.is_terminal = true, .has_colours = false, .has_unicode = true};

Progress some_progress() {
  return {.epoch = 3,
          .epochs = 15,
          .batch = 4,
          .batches = 16,
          .images = 512,
          .loss = 0.25,
          .accuracy = 92.5,
          .images_per_second = 26309};
}

SweepAtWork some_sweep() {
  return {.ended = 15,
          .runs = 60,
          .share = 0.25,
          .seconds_left = 754,
          .at_work = {{"GN-seed-1", 2.5, 3}, {"größte", 0, 3}}};
}

TEST(LiveLine, ShowsAnEpoch) {
  EXPECT_EQ(live_line(some_progress(), 83, 120, kPlain),
            "  3/15  [#######.......................]   25 %  loss 0.2500  acc 92.50 %  1:23 left  "
            "26,309 images/s");
  EXPECT_EQ(live_line(some_progress(), 83, 120, kUnicode),
            "  3/15  ███████▌░░░░░░░░░░░░░░░░░░░░░░   25 %  loss 0.2500  acc 92.50 %  1:23 left  "
            "26,309 images/s");
}

TEST(LiveLine, ShowsASweep) {
  EXPECT_EQ(live_line(some_sweep(), 120, kPlain),
            "[#####...............]  15/60 runs  12:34 left  GN-seed-1 3/3  größte 1/3");
  EXPECT_EQ(live_line(some_sweep(), 120, kUnicode),
            "█████░░░░░░░░░░░░░░░  15/60 runs  12:34 left  GN-seed-1 3/3  größte 1/3");
}

// Between its last batch and its end a run is scored.
TEST(LiveLine, CountsNoEpochBeyondTheLast) {
  SweepAtWork sweep = some_sweep();
  sweep.at_work = {{"GN-seed-1", 3, 3}};
  EXPECT_TRUE(live_line(sweep, 120, kPlain).ends_with("  GN-seed-1 3/3"));
}

// In terminals of all widths; the last column stays free, since some wrap there.
TEST(LiveLine, FitsTheTerminal) {
  for (const Terminal& terminal : {kPlain, kUnicode}) {
    std::string epoch_before;
    std::string sweep_before;
    for (int width = 1; width <= 120; ++width) {
      SCOPED_TRACE(width);
      const std::string epoch = live_line(some_progress(), 83, width, terminal);
      const std::string sweep = live_line(some_sweep(), width, terminal);
      EXPECT_LT(columns_of(epoch), width);
      EXPECT_LT(columns_of(sweep), width);
      // More room, no less to read.
      EXPECT_GE(columns_of(epoch), columns_of(epoch_before));
      EXPECT_GE(columns_of(sweep), columns_of(sweep_before));
      epoch_before = epoch;
      sweep_before = sweep;
    }
  }
}

TEST(LiveLine, LeavesOutWholePartsFromTheEnd) {
  EXPECT_EQ(live_line(some_progress(), 83, 30, kPlain), "  3/15  [###.........]   25 %");
  EXPECT_EQ(live_line(some_progress(), 83, 20, kPlain), "  3/15  [##.......]");
  EXPECT_EQ(live_line(some_progress(), 83, 8, kPlain), "  3/15");
  EXPECT_EQ(live_line(some_sweep(), 66, kPlain),
            "[#####...............]  15/60 runs  12:34 left  GN-seed-1 3/3");
  EXPECT_EQ(live_line(some_sweep(), 30, kPlain), "15/60 runs  12:34 left");
  EXPECT_EQ(live_line(some_sweep(), 12, kPlain), "15/60 runs ");
}

}  // namespace
}  // namespace normlab
