#include "host/app/compared_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "host/config/text.hpp"

namespace spikeweave::app {
namespace {

struct ComparedRule {
  std::string_view name, rule, feedback;
};

constexpr std::array<ComparedRule, 8> rules{{
    {"bptt", "bptt", "symmetric"},
    {"feedback_alignment", "bptt", "random"},
    {"direct_feedback_alignment", "eprop", "random"},
    {"sign_symmetric", "bptt", "sign_symmetric"},
    {"kolen_pollack", "bptt", "adaptive"},
    {"weight_mirror", "bptt", "weight_mirror"},
    {"eprop", "eprop", "symmetric"},
    {"readout_only", "eprop", "symmetric"},
}};

// The experiment's own settings where it has that rule or feedback already; else the defaults, and of feedback weights
// the spread that the experiment gives them.
std::string feedback_json(const Experiment& experiment, std::string_view type) {
  std::string json = fmt::format("{{\"type\": \"{}\"", type);
  experiment.feedback.visit([&](const auto& own) {
    if constexpr (requires { own.std; }) {
      if (type != "symmetric") {
        json += fmt::format(", \"std\": {}, \"scale\": \"{}\"", own.std,
                            EnumNames<FeedbackScale>::names[static_cast<std::size_t>(own.scale)]);
      }
    }
  });
  return json + "}";
}

// The rate penalty is not the rule's own matter.
std::string learning_json(const Experiment& experiment, const std::string& rule) {
  std::string json = fmt::format("{{\"rule\": \"{}\"", rule);
  experiment.learning.visit([&](const auto& own) {
    if constexpr (requires { own.rate_regularization; }) {
      const RateRegularization& rate = own.rate_regularization;
      if (rate.coefficient == 0.0) return;
      json += fmt::format(
          ", \"rate_regularization\": {{\"coefficient\": {}, \"target_rate\": {}, \"average\": \"{}\"}}",
          rate.coefficient, rate.target_rate, EnumNames<RateAverage>::names[static_cast<std::size_t>(rate.average)]);
    }
  });
  return json + "}";
}

}  // namespace

std::vector<std::string> rule_overrides(const std::string& name, const Experiment& experiment) {
  const auto known = std::find_if(rules.begin(), rules.end(), [&](const ComparedRule& r) { return r.name == name; });
  const std::size_t slash = name.find('/');
  if (known == rules.end() && slash == std::string::npos) {
    Words names;
    for (const ComparedRule& rule : rules) names.push_back(rule.name);
    throw InputError("--learning", not_one_of(name, names) + ", or RULE/FEEDBACK");
  }
  const std::string rule = known != rules.end() ? std::string(known->rule) : name.substr(0, slash);
  const std::string feedback = known != rules.end() ? std::string(known->feedback) : name.substr(slash + 1);
  std::vector<std::string> overrides;
  if (experiment.learning.name() != rule) overrides.push_back("/learning=" + learning_json(experiment, rule));
  if (experiment.feedback.name() != feedback) overrides.push_back("/feedback=" + feedback_json(experiment, feedback));
  for (std::size_t p = 0; p < experiment.network.projections.size() && name == "readout_only"; ++p) {
    if (experiment.network.projections[p].to.front() == "output") continue;
    overrides.push_back(fmt::format("/network/projections/{}/trainable=false", p));
  }
  return overrides;
}

std::string known_rules() {
  std::string text;
  for (const ComparedRule& rule : rules) {
    text += fmt::format("{}{} ({}/{})", text.empty() ? "" : ", ", rule.name, rule.rule, rule.feedback);
  }
  return text;
}

}  // namespace spikeweave::app
