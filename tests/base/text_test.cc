#include "normlab/base/text.h"

#include <gtest/gtest.h>

namespace normlab {
namespace {

TEST(Text, ThousandsAreSeparated) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(7832), "7,832");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
  EXPECT_EQ(with_thousands(-999), "-999");
  EXPECT_EQ(with_thousands(-123456), "-123,456");
}

TEST(Text, ListsNameNoMoreThanFive) {
  EXPECT_EQ(list_of({}), "");
  EXPECT_EQ(list_of({"GN"}), "GN");
  EXPECT_EQ(list_of({"a", "b", "c", "d", "e"}), "a, b, c, d, e");
  EXPECT_EQ(list_of({"a", "b", "c", "d", "e", "f"}), "a, b, c, d, e, ...");
}

TEST(Printable, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(printable(std::string("a\0b\x1b[2J\r\n\tä", 12)), "a?b?[2J?\n\tä");
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace normlab
