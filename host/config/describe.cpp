#include "host/config/describe.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "host/config/table.hpp"
#include "spikeweave/config/experiment.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/protocol/forced_window.hpp"

namespace spikeweave {
namespace {

using Cells = std::vector<std::string>;

// One thing that a person can choose.
struct Entry {
  std::string name, summary, source;
  std::vector<SettingSection> settings;
  std::vector<Cells> state;  // name, unit, meaning of each state variable; of neuron models only
};

struct Kind {
  std::string_view name, heading, pointer;
  std::vector<Entry> entries;
};

template <class C>
Kind kind_of(std::string_view name, std::string_view heading, std::string_view pointer) {
  Kind kind{name, heading, pointer, {}};
  Alternatives<C>::visit([&]<class A>(const A&) {
    kind.entries.push_back(
        {std::string(A::name), summary_of<A>(), source_of<A>(), settings_table<A>(std::string(pointer)), {}});
  });
  return kind;
}

Kind models() {
  Kind kind = kind_of<NeuronModels::Settings>("model", "Neuron models", "/network/populations/N/neuron");
  auto entry = kind.entries.begin();
  NeuronModels::for_each([&entry]<template <class> class Model>() {
    const auto add = [&](const auto& column) {
      entry->state.push_back({std::string(column.name), std::string(column.unit), std::string(column.help)});
    };
    std::apply([&](const auto&... column) { (add(column), ...); }, Model<float>::State::columns());
    ++entry;
  });
  return kind;
}

Kind protocols() {
  Kind kind = kind_of<ProtocolSettings>("protocol", "Protocols of the command window", "/protocol");
  for (Entry& forced : kind_of<Choice<"type", ForcedProtocol>>("", "", "/protocol").entries) {
    kind.entries.push_back(std::move(forced));
  }
  return kind;
}

std::vector<Kind> all_kinds() {
  return {models(),
          kind_of<LearningSettings>("rule", "Learning rules", "/learning"),
          kind_of<FeedbackSettings>("feedback", "Feedback of the output errors", "/feedback"),
          kind_of<OptimizerSettings>("optimizer", "Optimizers", "/optimizer"),
          kind_of<TaskSettings>("task", "Tasks", "/task"),
          protocols()};
}

// Columns padded to the widest cell, two spaces in front of each; the last column runs free.
std::string columns_text(const std::vector<Cells>& lines) {
  std::vector<std::size_t> width(lines.empty() ? 0 : lines.front().size(), 0);
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], line[i].size());
  }
  std::string text;
  for (const Cells& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) row += fmt::format("  {:<{}}", line[i], width[i]);
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + '\n';
  }
  return text;
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string overview(const Kind& kind) {
  std::vector<Cells> lines;
  for (const Entry& entry : kind.entries) {
    const bool has_source = !entry.source.empty() && entry.source != "-";
    lines.push_back({entry.name, entry.summary + (has_source ? " [" + entry.source + "]" : "")});
  }
  return fmt::format("{} ({}; more: describe {} NAME)\n{}", kind.heading, kind.pointer, kind.name, columns_text(lines));
}

std::string describe_entry(const Kind& kind, const Entry& entry) {
  std::string text =
      fmt::format("{} {}: {}\nSource: {}\n", kind.name, entry.name, entry.summary, or_dash(entry.source));
  for (const SettingSection& section : entry.settings) {
    text += fmt::format("\nSettings in {}{}\n", section.pointer, section.name.empty() ? "" : ", " + section.name);
    if (section.rows.empty()) {
      text += "  none\n";
      continue;
    }
    std::vector<Cells> lines{{"key", "unit", "default", "allowed", "meaning"}};
    for (const SettingRow& row : section.rows) {
      lines.push_back({row.key, or_dash(row.unit), or_dash(row.default_text),
                       or_dash(row.allowed.empty() ? row.type : row.allowed), row.help});
    }
    text += columns_text(lines);
  }
  if (entry.state.empty()) return text;
  std::vector<Cells> lines{{"name", "unit", "meaning"}};
  for (const Cells& state : entry.state) lines.push_back({state[0], or_dash(state[1]), state[2]});
  return text + "\nState of each neuron\n" + columns_text(lines);
}

// The element of that name, or an error at `place` that names the nearest one.
template <class Named>
const Named& find_named(const std::vector<Named>& list, const std::string& name, const std::string& place) {
  Words names;
  for (const Named& one : list) names.push_back(one.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw InputError(place, not_one_of(name, names));
  return list[static_cast<std::size_t>(found - names.begin())];
}

// A cell of a Markdown table: a bar inside would end it.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}
std::string code_cell(const std::string& text) {
  return text.empty() ? "" : "`" + cell(text) + "`";
}

std::string markdown_table(const std::vector<SettingRow>& rows, const std::string& pointer) {
  if (rows.empty()) return "No settings.\n";
  std::string text = "| key | type | unit | default | allowed | meaning |\n| --- | --- | --- | --- | --- | --- |\n";
  for (const SettingRow& row : rows) {
    const std::string start = row.default_text == "required" ? row.default_text : code_cell(row.default_text);
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", pointer + '/' + row.key, row.type, cell(row.unit), start,
                        cell(row.allowed), cell(row.help));
  }
  return text;
}

}  // namespace

std::string describe(const std::string& kind, const std::string& name) {
  const std::vector<Kind> kinds = all_kinds();
  if (kind.empty()) {
    std::string text;
    for (const Kind& one : kinds) text += (text.empty() ? "" : "\n") + overview(one);
    return text;
  }
  const Kind chosen = find_named(kinds, kind, "describe");
  if (name.empty()) return overview(chosen);
  return describe_entry(chosen, find_named(chosen.entries, name, "describe " + kind));
}

std::string settings_reference() {
  std::string text =
      "# Settings of an experiment file\n\n"
      "Made by the program from its own declarations. `N` stands for an index, counted from 0. A range with a round\n"
      "bracket leaves its end out. Where a list of texts is expected, a single text will do.\n";
  for (const SettingSection& section : settings_table<Experiment>("")) {
    if (section.tag.empty()) {
      text += "\n## The experiment\n\n";
    } else {
      text += fmt::format("\n## `{}` with `\"{}\": \"{}\"`\n\n{}", section.pointer, section.tag, section.name,
                          section.summary);
      text +=
          section.source.empty() || section.source == "-" ? "\n\n" : fmt::format(" Source: {}.\n\n", section.source);
    }
    text += markdown_table(section.rows, section.pointer);
  }
  std::vector<SettingRow> rows;
  for_each_field<Distribution>([&](const auto& entry) {
    const auto member = Distribution{}.*(entry.member);
    using Member = std::remove_cv_t<decltype(member)>;
    rows.push_back({std::string(entry.key), detail::type_text<Member>(), "", detail::default_text(member, entry.range),
                    detail::allowed_text<Member>(entry.range), std::string(entry.help)});
  });
  return text +
         "\n## A number or distribution\n\n`20`, or an object from which every neuron or weight draws its own:\n"
         "`{\"distribution\": \"log_uniform\", \"low\": 2, \"high\": 20}`.\n\n" +
         markdown_table(rows, "...");
}

}  // namespace spikeweave
