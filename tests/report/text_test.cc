#include "normlab/report/text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "normlab/report/html.h"
#include "normlab/report/labels.h"

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

TEST(Labels, ShortNamesCanBeToldApart) {
  using Names = std::vector<std::string>;
  const auto labels = [](const Names& names) { return distinct_labels(names, 24); };
  EXPECT_EQ(labels({"GN", "BN+L1"}), (Names{"GN", "BN+L1"}));
  // A name that is there twice is no reason to say more.
  EXPECT_EQ(labels({"a name of many letters, one", "another of many letters", "GN", "GN"}),
            (Names{"a name of many letters,…", "another of many letters", "GN", "GN"}));
  EXPECT_EQ(
      labels({"BN weight_decay=0.0001 learning_rate=0.01",
              "BN weight_decay=0.0002 learning_rate=0.01",
              "BN weight_decay=0.0001 learning_rate=0.1"}),
      (Names{"BN wei…=0.0001 lea…=0.01", "BN wei…=0.0002 lea…=0.01", "BN wei…=0.0001 lea…=0.1"}));
  // The values stay, though the names could be told apart without them.
  EXPECT_EQ(labels({"none learning_rate=0.0125", "none learning_rate=3000"}),
            (Names{"none learning_ra…=0.0125", "none learning_ra…=3000"}));
  EXPECT_EQ(labels({"GN a=1 b=a_text_of_more_than_24", "GN a=2 b=a_text_of_more_than_24"}),
            (Names{"GN a=1 b=a_text_of_more…", "GN a=2 b=a_text_of_more…"}));
  // Longer than there is room for, but apart; and where keys alone differ, whole.
  EXPECT_EQ(labels({"BN alpha=0.00000001 beta=0.00000001", "BN alpha=0.00000001 beta=0.00000002"}),
            (Names{"BN a…=0.00000001 b…=0.00000001", "BN a…=0.00000001 b…=0.00000002"}));
  EXPECT_EQ(labels({"BN one_key_of_many_letters_a=1", "BN one_key_of_many_letters_b=1"}),
            (Names{"BN one_key_of_many_letters_a=1", "BN one_key_of_many_letters_b=1"}));
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
  EXPECT_EQ(format_loss(9999.5), "9999.5000");
  EXPECT_EQ(format_loss(5.87e32), "5.87e+32");
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
