// The command `window` as a person meets it.

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/record/hdf5_file.hpp"
#include "tests/runs/program.hpp"

namespace spikeweave {
namespace {

namespace fs = std::filesystem;

bool has_gnuplot() {
  return std::system("gnuplot --version >/dev/null 2>&1") == 0;
}

class Window : public ProgramRun {
 protected:
  static std::string task(const std::string& name) { return std::string(SW_SOURCE_DIR) + "/tasks/" + name + ".json"; }
  // A run of pair_stdp without a picture, with files in folder "out".
  Outcome pair(const std::string& more) {
    return run("window --rule pair_stdp --no-picture --out " + folder_.path("out") + " " + more);
  }
  Hdf5File file() const { return Hdf5File::open_read(folder_.path("out") + "/window.h5"); }
};

// Rows of numbers of a table with one line of headings; "-" is NaN.
std::vector<std::vector<double>> rows_of(const std::string& text, std::size_t columns) {
  std::vector<std::vector<double>> rows;
  std::istringstream lines(text);
  std::string line;
  for (std::getline(lines, line); std::getline(lines, line);) {
    std::istringstream cells(line);
    std::vector<double> row;
    for (std::string cell; cells >> cell;) row.push_back(cell == "-" ? std::nan("") : std::atof(cell.c_str()));
    if (row.size() == columns) rows.push_back(row);
  }
  return rows;
}

TEST_F(Window, TableIsTheClosedFormOfPairStdp) {
  const Outcome o = pair(
      "--set /a_plus=0.01 --set /tau_plus=16.8 --set /a_minus=0.004 --set /tau_minus=33.7 --set /synapse/dt=0.5 "
      "--set /protocol/from=-30 --set /protocol/to=40 --set /protocol/step=2.5");
  ASSERT_EQ(o.status, 0) << o.err;

  const auto rows = rows_of(o.out.substr(0, o.out.find("fit, D")), 3);

  constexpr double rounding = 5.01e-7;  // seven digits are printed
  ASSERT_EQ(rows.size(), 29u);
  for (const auto& row : rows) {
    const double d = row[0];
    const double closed = d > 0 ? 0.01 * std::exp(-d / 16.8) : d < 0 ? -0.004 * std::exp(d / 33.7) : 0.0;
    EXPECT_NEAR(row[1], closed, rounding * std::abs(closed)) << d;
    if (d == 0.0) {
      EXPECT_TRUE(std::isnan(row[2]));
    } else {
      EXPECT_NEAR(row[2], closed, rounding * std::abs(closed)) << d;
    }
  }
  EXPECT_NE(o.out.find("A_plus 0.01 +-"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("tau_plus 16.8 +-"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("A_minus 0.004 +-"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("tau_minus 33.7 +-"), std::string::npos) << o.out;
}

TEST_F(Window, FilesHoldTheCurveTheFitAndTheSettings) {
  ASSERT_EQ(pair("--set /a_minus=0 --set /protocol/step=10").status, 0);

  const Hdf5File h5 = file();
  const auto d = h5.read<double>("axes/difference").values;
  const auto change = h5.read<double>("curves/pair/change").values;
  ASSERT_EQ(d.size(), 21u);
  for (std::size_t i = 0; i < d.size(); ++i) {
    EXPECT_NEAR(change[i], d[i] > 0 ? 0.005 * std::exp(-d[i] / 20.0) : 0.0, 1e-15);
  }
  EXPECT_NEAR(h5.read<double>("fit/plus").values.at(2), 20.0, 1e-8);
  EXPECT_EQ(h5.string_attribute("fit/minus", "reason"), "no change");
  EXPECT_NE(h5.string_attribute("/", "settings").find("\"a_minus\":0.0"), std::string::npos);
  const std::string csv = file_bytes(folder_.path("out") + "/window.csv");
  EXPECT_NE(csv.find("\ndifference [ms],change [weight],fit [weight]\n-100,0,\n"), std::string::npos) << csv;
  EXPECT_FALSE(fs::exists(folder_.path("out") + "/window.png"));
}

TEST_F(Window, EveryProtocolRunsAndWritesItsCurves) {
  for (const auto& [protocol, data] :
       std::vector<std::pair<std::string, std::string>>{{"pair", "pair"},
                                                        {"frequency", "post_pre"},
                                                        {"triplet", "post_pre_post"},
                                                        {"quadruplet", "quadruplet"},
                                                        {"poisson", "poisson"},
                                                        {"burst_poisson", "burst_poisson"}}) {
    const Outcome o = pair("--protocol " + protocol);
    ASSERT_EQ(o.status, 0) << protocol << ": " << o.err;
    EXPECT_TRUE(file().exists("curves/" + data + "/change")) << protocol;
  }
}

TEST_F(Window, TakesRuleTimeStepAndBoundsFromAnExperiment) {
  // start 0.5 of [-100, 300] with soft bounds: 100 is half of the range from both ends.
  const Outcome o = run("window " + task("store_recall") +
                        " --set '/learning={\"rule\":\"pair_stdp\",\"mu_plus\":1}' --set /learning/a_plus=0.1"
                        " --set /network/dt=0.25 --set /network/projections/0/trainable=false"
                        " --set /network/projections/1/high=300 --set /protocol/step=0.25 --no-picture --out " +
                        folder_.path("out"));
  ASSERT_EQ(o.status, 0) << o.err;

  const std::string settings = file().string_attribute("/", "settings");
  EXPECT_NE(settings.find("\"dt\":0.25,\"low\":-100.0,\"high\":300.0"), std::string::npos) << settings;
  const auto change = file().read<double>("curves/pair/change").values;
  ASSERT_EQ(change.size(), 801u);
  EXPECT_NEAR(change[401], 0.1 * 0.5 * std::exp(-0.25 / 20.0), 1e-13);  // D = 0.25 ms
}

TEST_F(Window, ForcesSpikesOnTheNeuronOfAnExperiment) {
  const Outcome o = run("window " + std::string(SW_SOURCE_DIR) +
                        "/tasks/science/sequence_local_eprop.json --protocol forced --no-picture"
                        " --set /network/dt=0.5 --set /protocol/from=-5 --set /protocol/to=10 --set /protocol/step=2.5"
                        " --set /protocol/mean=0.002 --set /protocol/trials=100 --out " +
                        folder_.path("out"));
  ASSERT_EQ(o.status, 0) << o.err;

  EXPECT_NE(o.out.find("\nfit, D > 0"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("\nrate  "), std::string::npos) << o.out;
  const std::string settings = file().string_attribute("/", "settings");
  EXPECT_NE(settings.find("\"model\":\"escape_lif\""), std::string::npos) << settings;
  EXPECT_EQ(file().read<double>("curves/forced/change").values.size(), 7u);
  EXPECT_EQ(file().read<double>("curves/forced/error").values.size(), 7u);
  // Linear escape noise: the probability of a spike is the voltage, 0.002 / (1 - exp(-0.5/20)) = 0.081.
  EXPECT_NEAR(file().read<double>("figures/rate").values.at(0), 0.081, 0.008);
}

TEST_F(Window, ForcedSpikesNeedANeuronAndARuleThatWaits) {
  const std::string eprop = "window --rule eprop --protocol forced ";
  expect_one_line(run(eprop), 2, "/rule/signal: \"global\" needs outputs");
  expect_one_line(run(eprop + "--set /signal=local --set /prediction=membrane"), 2,
                  "/rule/prediction: \"membrane\" needs a model that has a firing probability, which lif has not");
  expect_one_line(run(eprop + "--set /signal=local --set /neuron/model=energy_unit"), 2,
                  "/neuron/model: \"energy_unit\" sends rates");
  expect_one_line(run(eprop + "--set /signal=local --set /protocol/from=50"), 2, "/protocol/from: 50 is not below to");
  expect_one_line(run(eprop + "--set /signal=local --set /protocol/settle=1e6"), 2,
                  "gives 81 neurons in trials of 1000220 steps");
  expect_one_line(run(eprop + "--set /signal=local --set /protocol/trials=10"), 2, "/protocol/trials: 10 is outside");
  expect_one_line(run(eprop + "--set /signal=local --set /synapse/low=0"), 2, "/synapse: unknown key");
  const std::string pair_stdp = "window --rule pair_stdp --protocol forced ";
  expect_one_line(run(pair_stdp), 2, "/rule/form: \"event\" changes the weights while a trial runs; expected trial");
  expect_one_line(run(pair_stdp + "--set /form=trial --set /mu_plus=1"), 2, "/rule/form: with these settings a change");
  expect_one_line(run("window --rule bptt --protocol forced"), 2, "/rule: \"bptt\" needs outputs");
  expect_one_line(run("window --rule eprop"), 2, "--rule: \"eprop\" is not one of");
  expect_one_line(run("window --rule pair_stdp --set /neuron/model=lif"), 2, "/neuron: unknown key");
}

TEST_F(Window, MeasuredPointsAreFittedAndScaled) {
  // 50 % is the fraction 0.5, and the curve has a_plus = 0.005 there: the scale is 0.01.
  std::string csv = "D,change\n";
  for (int d = 5; d <= 50; d += 5) csv += std::to_string(d) + "," + std::to_string(50.0 * std::exp(-d / 20.0)) + "\n";
  const std::string path = folder_.put("points.csv", csv);

  const Outcome fitted = pair("--data " + path);
  ASSERT_EQ(fitted.status, 0) << fitted.err;
  EXPECT_NEAR(file().read<double>("measured/scale").values.at(0), 0.01, 1e-6);  // the CSV has six decimals
  EXPECT_NEAR(file().read<double>("measured/fit/plus").values.at(0), 0.5, 1e-6);
  EXPECT_EQ(file().string_attribute("measured/fit/minus", "reason"), "no points");

  const Outcome given = pair("--data " + path + " --data-unit fraction --data-scale 0.25");
  ASSERT_EQ(given.status, 0) << given.err;
  EXPECT_EQ(file().read<double>("measured/scale").values.at(0), 0.25);
  EXPECT_NEAR(file().read<double>("measured/fit/plus").values.at(0), 50.0, 1e-4);
}

TEST_F(Window, SaysThatTheWeightMetABound) {
  EXPECT_NE(pair("--set /a_plus=0.6").out.find("met a bound in 3 of 201 runs"),
            std::string::npos);  // 0.6 e^-D/20 >= 0.5
  EXPECT_EQ(pair("--set /a_plus=0.4").out.find("bound"), std::string::npos);
}

TEST_F(Window, DrawsPicturesOrNamesThePackageOfGnuplot) {
  const std::string out = folder_.path("drawn");
  const std::string command = "window --rule pair_stdp --quiet --out " + out;

  expect_one_line(run(command, "PATH=/none"), 2, "gnuplot-nox");

  EXPECT_TRUE(fs::exists(out + "/window.h5"));
  EXPECT_FALSE(fs::exists(out + "/window.png"));
  if (!has_gnuplot()) GTEST_SKIP() << "gnuplot is not installed";
  for (const char* protocol : {"pair", "frequency", "triplet", "quadruplet", "poisson",
                               "forced --set /form=trial --set /protocol/trials=100"}) {
    const Outcome o = run(command + "/it\\'s --protocol " + protocol);
    ASSERT_EQ(o.status, 0) << protocol << ": " << o.err;
    EXPECT_EQ(file_bytes(out + "/it's/window.png").substr(1, 3), "PNG") << protocol;
    EXPECT_NE(file_bytes(out + "/it's/window.svg").find("</svg>"), std::string::npos) << protocol;
  }
}

TEST_F(Window, BadInputIsOneLineAndStatusTwo) {
  const std::string rule = "window --rule pair_stdp ";
  expect_one_line(run("window --rule pair_sdtp"), 2, "did you mean \"pair_stdp\"?");
  expect_one_line(run("window"), 2, "expected either an experiment file or --rule NAME");
  expect_one_line(run(rule + task("store_recall")), 2, "expected either an experiment file or --rule NAME");
  expect_one_line(run("window " + task("store_recall")), 2, "/learning/rule: \"eprop\" is not one of");
  expect_one_line(run(rule + "--protocol pear"), 2, "did you mean \"pair\"?");
  expect_one_line(run(rule + "--set /a_plux=1"), 2, "/a_plux: unknown key; did you mean \"a_plus\"?");
  expect_one_line(run(rule + "--set /tau_plus=-3"), 2, "/tau_plus: -3 is outside (0, inf) [ms]");
  expect_one_line(run(rule + "--set a_plus=1"), 2, "expected /json/pointer=value");
  expect_one_line(run(rule + "--set /protocol/step=0.5"), 2, "/protocol/step: 0.5 is no whole number of steps");
  expect_one_line(run(rule + "--set /protocol/from=200"), 2, "/protocol/from: 200 is not below to, 100");
  expect_one_line(run(rule + "--set /synapse/low=2"), 2, "/synapse/low: 2 is not below high, 1");
  expect_one_line(run(rule + "--protocol triplet --set /protocol/triplets=60 --set /protocol/frequency=20"), 2,
                  "/protocol/frequency: 20 repeats the pattern of 100 ms before it has ended");
  expect_one_line(run(rule + "--protocol poisson --set '/protocol/post_rates=[5,2000]'"), 2,
                  "/protocol/post_rates/1: 2000 is more than one per step");
  expect_one_line(run(rule + "--protocol frequency --set '/protocol/frequencies=[10,5]'"), 2,
                  "/protocol/frequencies/1: 5 is not above the one before, 10");
  expect_one_line(run(rule + "--protocol burst_poisson --set /protocol/rate=50"), 2,
                  "/protocol/rate: 50 leaves no time for tau_event and bursts; expected at most 43.1");
  expect_one_line(run(rule + "--protocol poisson --data x.csv"), 2, "--data");
  expect_one_line(run(rule + "--data /no/such.csv"), 2, "/no/such.csv: cannot be read");
  const std::string wrong = folder_.put("wrong.csv", "D,change\n1,2\n3,four\n");
  expect_one_line(run(rule + "--data " + wrong), 2, "wrong.csv:3: column 2: \"four\" is not a number");
  const std::string opposite = folder_.put("opposite.csv", "1,-20\n5,-10\n9,-5\n");
  expect_one_line(run(rule + "--data " + opposite), 2, "opposite.csv: no scale above 0");
  expect_one_line(run(rule + "--out /proc/nowhere"), 2, "/proc/nowhere");
}

}  // namespace
}  // namespace spikeweave
