// The plasticity rules. Adding one: a header beside this file, its include, its name in PlasticityRules.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "spikeweave/core/choice.hpp"
#include "spikeweave/learning/plasticity/bcm.hpp"
#include "spikeweave/learning/plasticity/burst_dependent.hpp"
#include "spikeweave/learning/plasticity/oja.hpp"
#include "spikeweave/learning/plasticity/pair_stdp.hpp"
#include "spikeweave/learning/plasticity/predictive_stdp.hpp"
#include "spikeweave/learning/plasticity/presynaptic_centred_stdp.hpp"
#include "spikeweave/learning/plasticity/reduced_stdp.hpp"
#include "spikeweave/learning/plasticity/rewarded_stdp.hpp"
#include "spikeweave/learning/plasticity/state_derivative.hpp"
#include "spikeweave/learning/plasticity/triplet_stdp.hpp"
#include "spikeweave/learning/plasticity/window_stdp.hpp"

namespace spikeweave {

template <class R, class Real = typename R::Value>
concept PlasticityRule = requires(const typename R::Params& params, const typename R::Constants& k,
                                  typename R::Pre& pre, typename R::Post& post, const PostActivity<Real>& activity) {
  { R::derive(params, 1.0) } -> std::same_as<typename R::Constants>;
  { R::is_bilinear(params) } -> std::same_as<bool>;
  { R::is_event_driven } -> std::convertible_to<bool>;
  { R::term_count } -> std::convertible_to<std::size_t>;
  R::pre_step(k, pre, Real(0));
  R::post_step(k, post, activity);
  R::Synapse::columns();
  R::Pre::columns();
  R::Post::columns();
};

namespace detail {
template <class Real, std::size_t n>
std::integral_constant<std::size_t, n> count_of(const Factors<Real, n>&);
}  // namespace detail

// Whether changes of single steps may count for more or less.
template <class R>
inline constexpr bool is_weighted = requires {
  requires R::is_weighted;
};

// How many factors a cell has on each side.
template <class R>
inline constexpr std::size_t pre_factor_count = decltype(detail::count_of(R::pre_step(
    std::declval<const typename R::Constants&>(), std::declval<typename R::Pre&>(), typename R::Value{})))::value;
template <class R>
inline constexpr std::size_t post_factor_count = decltype(detail::count_of(
    R::post_step(std::declval<const typename R::Constants&>(), std::declval<typename R::Post&>(),
                 std::declval<const PostActivity<typename R::Value>&>())))::value;

template <template <class> class... Rules>
struct PlasticityList {
  static_assert((PlasticityRule<Rules<float>> && ...) && (PlasticityRule<Rules<double>> && ...));

  template <template <class...> class List>
  using Params = List<typename Rules<double>::Params...>;

  // Calls visit.template operator()<Rule>() with the rule whose settings these are.
  template <class Params, class Visitor>
  static decltype(auto) visit(const Params&, Visitor&& visitor) {
    return dispatch<Params, Visitor, Rules...>(std::forward<Visitor>(visitor));
  }
  template <class Visitor>
  static void for_each(Visitor&& visitor) {
    (visitor.template operator()<Rules>(), ...);
  }

 private:
  template <class Params, class Visitor, template <class> class Head, template <class> class... Tail>
  static decltype(auto) dispatch(Visitor&& visitor) {
    if constexpr (std::same_as<Params, typename Head<double>::Params>) {
      return visitor.template operator()<Head>();
    } else {
      return dispatch<Params, Visitor, Tail...>(std::forward<Visitor>(visitor));
    }
  }
};

using PlasticityRules = PlasticityList<PairStdp, PresynapticCentredStdp, ReducedStdp, WindowStdp, TripletStdp,
                                       PredictiveStdp, StateDerivative, Bcm, RewardedStdp, Oja, BurstDependent>;

}  // namespace spikeweave
