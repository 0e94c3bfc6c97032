#include "normlab/report/text.h"

#include <gtest/gtest.h>

#include <limits>

#include "normlab/report/html.h"

namespace normlab {
namespace {

TEST(Text, ShortensWholeCharacters) {
  EXPECT_EQ(shorten("abc", 3), "abc");
  EXPECT_EQ(shorten("abcd", 3), "ab…");
  EXPECT_EQ(shorten("äöüß", 4), "äöüß");
  EXPECT_EQ(shorten("äöüßx", 4), "äöü…");
  EXPECT_EQ(shorten("", 4), "");
  EXPECT_EQ(character_count("äöüß…"), 5u);
}

TEST(Text, Durations) {
  EXPECT_EQ(duration(1.25), "1.2 s");
  EXPECT_EQ(duration(38.4), "38 s");
  EXPECT_EQ(duration(125), "2 min 05 s");
  EXPECT_EQ(duration(3780), "1 h 03 min");
  EXPECT_EQ(duration(std::numeric_limits<double>::quiet_NaN()), "–");
}

TEST(Text, LossesShowFourDigitsOrAPower) {
  EXPECT_EQ(format_loss(0.02834), "0.0283");
  EXPECT_EQ(format_loss(0.0000031), "3.1e-06");
  EXPECT_EQ(format_loss(0), "0.0000");
  EXPECT_EQ(format_loss(std::numeric_limits<double>::infinity()), "–");
}

TEST(Html, NothingInATextIsMarkup) {
  EXPECT_EQ(escape_html("<a href=\"x\" b='y'>&amp;"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
}

TEST(Html, Base64IsThatOfTheStandard) {
  // The examples of RFC 4648, section 10.
  const auto of = [](const std::string& text) { return base64(std::as_bytes(std::span(text))); };
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("f"), "Zg==");
  EXPECT_EQ(of("fo"), "Zm8=");
  EXPECT_EQ(of("foo"), "Zm9v");
  EXPECT_EQ(of("foob"), "Zm9vYg==");
  EXPECT_EQ(of("fooba"), "Zm9vYmE=");
  EXPECT_EQ(of("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace normlab
