// The learning rules. Adding one: a header beside this file, its include, its name in LearningSettings.
#pragma once

#include "spikeweave/core/choice.hpp"
#include "spikeweave/learning/eprop.hpp"
#include "spikeweave/learning/feedback.hpp"

namespace spikeweave {

using LearningSettings = Choice<"rule", EpropParams>;

}  // namespace spikeweave
