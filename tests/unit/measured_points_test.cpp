#include "spikeweave/protocol/measured_points.hpp"

#include <cmath>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "spikeweave/core/error.hpp"
#include "tests/support/source_folder.hpp"

namespace spikeweave {
namespace {

std::string error_of(const std::string& text) {
  try {
    parse_points(text, "d.csv", ChangeUnit::fraction);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(MeasuredPoints, ReadsTwoColumnsCommentsBlankLinesAndAHeader) {
  const auto points =
      parse_points("# of a paper\n\nD [ms], change\r\n-5.5,-20\n +10 ,\t+40\n", "d.csv", ChangeUnit::percent);

  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].difference, -5.5);
  EXPECT_DOUBLE_EQ(points[0].change, -0.2);
  EXPECT_EQ(points[0].error, 0.0);
  EXPECT_EQ(points[1].difference, 10.0);
  EXPECT_DOUBLE_EQ(points[1].change, 0.4);
}

TEST(MeasuredPoints, ReadsErrorsInTheUnitOfTheChange) {
  const auto points = parse_points("1,0.5,0.1", "d.csv", ChangeUnit::fraction);

  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].change, 0.5);
  EXPECT_EQ(points[0].error, 0.1);
  EXPECT_DOUBLE_EQ(parse_points("1,50,10", "d.csv", ChangeUnit::percent)[0].error, 0.1);
}

TEST(MeasuredPoints, ErrorsNameFileAndLine) {
  EXPECT_EQ(error_of("1,2\n# note\n3,x\n"), "d.csv:3: column 2: \"x\" is not a number");
  EXPECT_EQ(error_of("D,change\nother,names\n"), "d.csv:2: column 1: \"other\" is not a number");
  EXPECT_EQ(error_of("1,2\n3,inf\n"), "d.csv:2: column 2: \"inf\" is not a number");
  EXPECT_EQ(error_of("1,\n"), "d.csv:1: column 2: \"\" is not a number");
  EXPECT_EQ(error_of("1;2\n"), "d.csv:1: expected 2 or 3 columns with commas between (D, change, error), found 1");
  EXPECT_EQ(error_of("1,2,3,4\n"), "d.csv:1: expected 2 or 3 columns with commas between (D, change, error), found 4");
  EXPECT_EQ(error_of("1,2\n1,2,3\n"), "d.csv:2: expected 2 columns as above, found 3");
  EXPECT_EQ(error_of("1,2,0\n"), "d.csv:1: column 3: the error 0 is outside (0, inf)");
  EXPECT_EQ(error_of(""), "d.csv: no points; expected lines of D, change or D, change, error");
  EXPECT_EQ(error_of("D,change\n"), "d.csv: no points; expected lines of D, change or D, change, error");
}

TEST(MeasuredPoints, CurveIsReadBetweenPointsOfTheSameSideOfZero) {
  const std::vector<double> d{-2, -1, 0, 1, 2};
  const std::vector<double> change{-1, -3, 99, 4, 2};

  EXPECT_EQ(curve_at(d, change, 1.5), 3.0);
  EXPECT_EQ(curve_at(d, change, 0.5), 5.0);    // the line through 1 and 2, not towards 0
  EXPECT_EQ(curve_at(d, change, -0.5), -4.0);  // the line through -2 and -1
  EXPECT_EQ(curve_at(d, change, -2.0), -1.0);
  EXPECT_EQ(curve_at(d, change, 2.0), 2.0);
  EXPECT_EQ(curve_at(d, change, 0.0), std::nullopt);
  EXPECT_EQ(curve_at(d, change, 2.5), std::nullopt);
  EXPECT_EQ(curve_at({-1, 1}, {1, 1}, 0.5), std::nullopt);
}

TEST(MeasuredPoints, ScaleBringsThePointsToTheCurve) {
  const std::vector<double> d{1, 2, 3};
  const std::vector<double> change{0.4, 0.2, 0.1};

  const auto exact = fit_scale({{1, 4, 0}, {2, 2, 0}, {9, 7, 0}}, d, change);  // the one at 9 is not reached
  ASSERT_TRUE(exact.has_value());
  EXPECT_DOUBLE_EQ(exact->scale, 0.1);
  EXPECT_EQ(exact->point_count, 2u);

  // point = c curve: c = (0.4 * 2 / 1 + 0.2 * 3 / 4) / (0.16 / 1 + 0.04 / 4) = 0.95 / 0.17
  const auto weighted = fit_scale({{1, 2, 1}, {2, 3, 2}}, d, change);
  ASSERT_TRUE(weighted.has_value());
  EXPECT_DOUBLE_EQ(weighted->scale, 0.17 / 0.95);

  EXPECT_FALSE(fit_scale({{1, -4, 0}}, d, change).has_value());
  EXPECT_FALSE(fit_scale({{9, 4, 0}}, d, change).has_value());
}

// Bi & Poo (1998), Fig. 7, as digitised; not part of the project.
TEST(MeasuredPoints, ReadsAPublishedWindow) {
  const std::string path = test::source_folder() + "/../shared/data/stdp/bi_poo_stdp_points.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";

  const auto points = load_points(path, ChangeUnit::percent);
  const WindowFit fit = fit_window(points);

  EXPECT_EQ(points.size(), 45u);  // lines of the file
  EXPECT_DOUBLE_EQ(points[0].difference, 6.108777531503307);
  EXPECT_DOUBLE_EQ(points[0].change, 0.993046793868283);
  // Bi & Poo (2001) give A_plus 0.78 and tau_plus 16.8 ms for these data.
  ASSERT_TRUE(fit.plus.fitted()) << fit.plus.reason;
  EXPECT_NEAR(fit.plus.amplitude, 0.78, fit.plus.amplitude_error);
  EXPECT_NEAR(fit.plus.tau, 16.8, fit.plus.tau_error);
}

}  // namespace
}  // namespace spikeweave
