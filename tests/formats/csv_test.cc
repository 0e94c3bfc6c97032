#include "normlab/formats/csv.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "expect_error.h"

namespace normlab {
namespace {

const std::vector<std::string> kColumns = {"name", "value"};

TEST(Csv, ReadsWhatItWrote) {
  const std::vector<std::string> names = {"plain", "", "a,b", "a \"b\"", "two\nlines", "ü"};
  CsvWriter writer(kColumns);
  for (const std::string& name : names) writer.text(name).real(0.5).end_row();
  CsvReader reader(writer.table(), "t.csv");
  EXPECT_EQ(reader.columns(), kColumns);
  std::vector<std::string> fields;
  for (const std::string& name : names) {
    ASSERT_TRUE(reader.next(fields));
    EXPECT_EQ(fields, (std::vector<std::string>{name, "0.5"}));
  }
  EXPECT_FALSE(reader.next(fields));
}

TEST(Csv, QuotesAsTheStandardHasIt) {
  CsvWriter writer(kColumns);
  writer.text("say \"a,b\"").integer(-3).end_row();
  EXPECT_EQ(writer.table(), "name,value\n\"say \"\"a,b\"\"\",-3\n");
}

TEST(Csv, NumbersComeBackBitForBit) {
  const std::vector<double> numbers = {0.1,
                                       1.0 / 3,
                                       1e-310,
                                       99.16,
                                       -0.0,
                                       1e300,
                                       std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::denorm_min()};
  const std::vector<std::string> head = {"x"};
  CsvWriter writer(head);
  for (const double number : numbers) writer.real(number).end_row();
  writer.real(std::numeric_limits<double>::quiet_NaN()).end_row();
  writer.real(0.1f).end_row();
  CsvReader reader(writer.table(), "t.csv");
  std::vector<std::string> fields;
  for (const double number : numbers) {
    ASSERT_TRUE(reader.next(fields));
    EXPECT_EQ(reader.real(fields[0]), number);
    EXPECT_EQ(std::signbit(reader.real(fields[0])), std::signbit(number));
  }
  ASSERT_TRUE(reader.next(fields));
  EXPECT_TRUE(std::isnan(reader.real(fields[0])));
  ASSERT_TRUE(reader.next(fields));
  EXPECT_EQ(fields[0], "0.1");  // of a float, not 0.10000000149011612
}

TEST(Csv, ReadsLineEndsOfBothKindsAndALastLineWithout) {
  CsvReader reader("name,value\r\na,1\r\nb,2", "t.csv");
  std::vector<std::string> fields;
  ASSERT_TRUE(reader.next(fields));
  EXPECT_EQ(fields, (std::vector<std::string>{"a", "1"}));
  ASSERT_TRUE(reader.next(fields));
  EXPECT_EQ(fields, (std::vector<std::string>{"b", "2"}));
  EXPECT_FALSE(reader.next(fields));
}

TEST(Csv, SaysWhatIsWrongAndWhere) {
  std::vector<std::string> fields;
  expect_error([] { CsvReader("", "t.csv"); }, {"t.csv:1", "empty"});
  expect_error(
      [&] {
        CsvReader reader("a,b\n1,\"2\n3\"\n4\n", "t.csv");
        while (reader.next(fields)) {
        }
      },
      {"t.csv:4", "1 fields, the head has 2"});
  expect_error(
      [&] {
        CsvReader reader("a,b\n1,\"2\n", "t.csv");
        reader.next(fields);
      },
      {"t.csv:2", "quoted field does not end"});
  CsvReader reader("a,b\n1x,\n", "t.csv");
  ASSERT_TRUE(reader.next(fields));
  EXPECT_EQ(reader.column("b"), 1u);
  expect_error([&] { reader.column("c"); }, {"no column \"c\""});
  expect_error([&] { reader.integer(fields[0]); }, {"t.csv:2", "\"1x\" is no whole number"});
  expect_error([&] { reader.real(fields[0]); }, {"t.csv:2", "\"1x\" is no number"});
  expect_error([&] { reader.real(fields[1]); }, {"\"\" is no number"});
}

TEST(Csv, ARowMustFillTheHead) {
  CsvWriter writer(kColumns);
  writer.text("only one");
  EXPECT_THROW(writer.end_row(), std::logic_error);
}

}  // namespace
}  // namespace normlab
