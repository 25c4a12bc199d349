// What the program says of its settings: the JSON Schema, `describe`, the reference.
#include <string>

#include <gtest/gtest.h>

#include "host/config/describe.hpp"
#include "host/config/parse.hpp"
#include "host/config/schema.hpp"
#include "spikeweave/core/error.hpp"
#include "tests/support/small_experiment.hpp"

namespace spikeweave {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The alternative of a Choice with this title.
Json alternative(const Json& choice, const std::string& title) {
  for (const Json& one : choice["oneOf"]) {
    if (one.value("title", "") == title) return one;
  }
  ADD_FAILURE() << "no alternative " << title;
  return {};
}

class ExperimentSchema : public ::testing::Test {
 protected:
  Json at(const std::string& pointer) const { return schema_.at(Json::json_pointer(pointer)); }
  Json neuron(const std::string& model) const {
    return alternative(at("/properties/network/properties/populations/items/properties/neuron"), model);
  }

 private:
  Json schema_ = parse_json(experiment_schema());
};

TEST_F(ExperimentSchema, NamesItsDraft) {
  EXPECT_EQ(at("/$schema"), "https://json-schema.org/draft/2020-12/schema");
}

TEST_F(ExperimentSchema, KeysWithoutValidDefaultAreRequiredAndNoOthersAllowed) {
  EXPECT_EQ(at("/required").dump(), R"(["task","network"])");
  EXPECT_EQ(at("/additionalProperties"), false);
  EXPECT_EQ(at("/properties/network/properties/populations/items/required").dump(), R"(["size"])");
}

TEST_F(ExperimentSchema, NumberHasBoundsUnitAndDefault) {
  EXPECT_EQ(at("/properties/network/properties/dt").dump(),
            R"({"type":"number","exclusiveMinimum":0,"description":"Length of a time step. [ms]","default":1.0})");
  EXPECT_EQ(at("/properties/seed").dump(),
            R"({"type":"integer","minimum":0,"maximum":9007199254740991,"description":"Seed of everything random.",)"
            R"("default":1})");
}

TEST_F(ExperimentSchema, EnumListsItsNames) {
  EXPECT_EQ(at("/properties/training/properties/reduction/enum").dump(), R"(["sum","mean_trial","mean_batch"])");
}

TEST_F(ExperimentSchema, ChoiceHasOneObjectPerAlternative) {
  const Json feedback = at("/properties/feedback");

  EXPECT_EQ(feedback["oneOf"].size(), 6u);
  const Json random = alternative(feedback, "random");
  EXPECT_EQ(random["properties"]["type"].dump(), R"({"const":"random"})");
  EXPECT_EQ(random["required"].dump(), R"(["type"])");
  EXPECT_EQ(random["additionalProperties"], false);
  EXPECT_EQ(random["properties"]["std"]["exclusiveMinimum"], 0);
}

TEST_F(ExperimentSchema, DistributionIsANumberOrAnObjectPerKind) {
  const Json tau_m = neuron("lif")["properties"]["tau_m"];

  EXPECT_EQ(tau_m["oneOf"].size(), 6u);
  EXPECT_EQ(tau_m["oneOf"][0].dump(), R"({"type":"number","exclusiveMinimum":0})");
  const Json uniform = alternative(tau_m, "uniform");
  EXPECT_EQ(uniform["required"].dump(), R"(["distribution","low"])");  // the default of low, 0, is no time constant
  EXPECT_EQ(uniform["properties"]["high"]["exclusiveMinimum"], 0);
  EXPECT_FALSE(uniform["properties"].contains("mean"));
}

TEST_F(ExperimentSchema, ListOfTextMayBeOneText) {
  EXPECT_EQ(at("/properties/network/properties/projections/items/properties/from/oneOf").dump(),
            R"([{"type":"string"},{"type":"array","items":{"type":"string"}}])");
}

TEST(Describe, OverviewNamesEverythingWithSummaryAndSource) {
  const std::string text = describe("", "");

  for (const char* line :
       {"Neuron models (/network/populations/N/neuron; more: describe model NAME)\n"
        "  lif               Leaky integrate-and-fire, reset by subtraction, refractory. [Bellec et al. 2020",
        "\n  alif              ", "\n  escape_lif        ", "\n  eprop  ", "\n  symmetric       ",
        "\n  random          ", "\n  adaptive        ", "\n  sgd   Plain gradient descent.\n", "\n  adam  ",
        "\n  piano_roll             ", "\n  store_recall  "}) {
    EXPECT_TRUE(contains(text, line)) << line << "\nis not in\n" << text;
  }
}

TEST(Describe, KindAloneListsThatKind) {
  EXPECT_EQ(describe("optimizer", ""),
            "Optimizers (/optimizer; more: describe optimizer NAME)\n"
            "  adam  Adaptive moments; epsilon outside of the bias correction. [Kingma & Ba 2015]\n"
            "  sgd   Plain gradient descent.\n");
}

TEST(Describe, EntryHasATableOfItsKeys) {
  EXPECT_EQ(
      describe("feedback", "adaptive"),
      "feedback adaptive: B gets the forward weights' increments; both decay (Kolen-Pollack).\n"
      "Source: Kolen & Pollack 1994; Akrout et al. 2019; Bellec et al. 2020\n\n"
      "Settings in /feedback\n"
      "  key    unit      default       allowed                       meaning\n"
      "  std    -         1             (0, inf)                      Standard deviation of the initial B.\n"
      "  scale  -         neuron_count  unit neuron_count population  neuron_count divides by the root of the "
      "number of all neurons, population by that of the neurons which the forward weights come from.\n"
      "  decay  1/update  0.0001        [0, 1)                        Both B and the forward weights are multiplied "
      "by 1 - it.\n");
  EXPECT_TRUE(contains(describe("feedback", "symmetric"), "Settings in /feedback\n  none\n"));
  EXPECT_TRUE(contains(describe("protocol", "pair"), "\n  frequency  Hz     10       (0, inf)      Pairs per second"));
  EXPECT_TRUE(contains(describe("rule", "eprop"), "\n  rate_regularization/target_rate  Hz    10  "));
}

TEST(Describe, ModelHasItsStateToo) {
  EXPECT_TRUE(contains(describe("model", "alif"),
                       "\nState of each neuron\n"
                       "  name  unit             meaning\n"
                       "  v     threshold units  Membrane potential after the step's input and reset.\n"
                       "  z     -                1 where the neuron fired in the step.\n"
                       "  r     steps            Refractory steps left.\n"
                       "  a     spikes           Adaptation: low-passed count of own spikes.\n"));
}

TEST(Describe, UnknownNamesAreErrors) {
  EXPECT_EQ(error_of([] { describe("modle", ""); }),
            "describe: \"modle\" is not one of model rule feedback optimizer task protocol; did you mean \"model\"?");
  EXPECT_EQ(error_of([] { describe("model", "alfi"); }),
            "describe model: \"alfi\" is not one of lif alif escape_lif iaf_delta iaf_cond_exp izhikevich energy_unit "
            "rectified_linear soft_alif rate_unit leaky_rate_unit predictive_unit dendritic_unit burst_unit "
            "leaky_burst_unit segregated_unit burst_neuron naud_sprekeler; did you mean \"alif\"?");
}

TEST(SettingsReference, HasARowForEveryKey) {
  const std::string text = settings_reference();

  for (const char* row :
       {"| `/network/dt` | number | ms | `1` | (0, inf) | Length of a time step. |",
        "| `/network` | object |  | required |  |", "| `/task/type` | name |  | required | piano_roll ",
        "| `/network/populations` | list of objects |",
        "| `/network/populations/N/size` | whole number | neurons | required | [1, 100000000] |",
        "| `/network/projections/N/from` | text or list of texts |",
        "| `/network/populations/N/neuron/tau_adaptation` | number or distribution | ms | `2000` | (0, inf) |",
        "| `/training/schedule/kind` | name |  | `constant` | constant cosine |",
        "| `/training/select_best` | true or false |  | `true` |",
        "## `/optimizer` with `\"type\": \"sgd\"`\n\nPlain gradient descent.\n\n| key | type |",
        "| `.../std` | number |  | `1` | [0, inf) |"}) {
    EXPECT_TRUE(contains(text, row)) << row;
  }
}

}  // namespace
}  // namespace spikeweave
