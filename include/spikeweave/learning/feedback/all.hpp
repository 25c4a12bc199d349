// The feedback schemes. Adding one: a header beside this file (see scheme.hpp), its include and its name in the list.
#pragma once

#include "spikeweave/core/choice.hpp"
#include "spikeweave/core/type_list.hpp"
#include "spikeweave/learning/feedback/adaptive.hpp"
#include "spikeweave/learning/feedback/random.hpp"
#include "spikeweave/learning/feedback/sign_concordant.hpp"
#include "spikeweave/learning/feedback/sign_symmetric.hpp"
#include "spikeweave/learning/feedback/symmetric.hpp"
#include "spikeweave/learning/feedback/weight_mirror.hpp"

namespace spikeweave {

using FeedbackSchemes = TypeList<SymmetricFeedback, RandomFeedback, AdaptiveFeedback, SignSymmetricFeedback,
                                 WeightMirrorFeedback, SignConcordantFeedback>;

namespace detail {
template <class List>
struct FeedbackChoice;
template <class... Schemes>
struct FeedbackChoice<TypeList<Schemes...>> {
  using type = Choice<"type", Schemes...>;
};
}  // namespace detail
using FeedbackSettings = detail::FeedbackChoice<FeedbackSchemes>::type;

}  // namespace spikeweave
