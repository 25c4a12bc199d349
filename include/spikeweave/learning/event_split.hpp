// Tells events from bursts in a spike train.
//
// Source: Payeur, Guerguiev, Zenke, Richards & Naud (2021), Nat. Neurosci. 24:1010-1019, Methods; the split of the code
// published with it. A spike whose interval to the one before is longer than `window` steps is an event; the first one
// behind an event with a shorter or equal interval makes a burst of it; those that follow at such intervals are
// neither.
#pragma once

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

// Of one cell; starts as zeros.
template <class Real>
struct EventSplit {
  Real recent = 0;   // steps left in which another spike is no event
  Real is_open = 0;  // 1: the next such spike makes a burst

  struct Kinds {
    Real event, burst;  // 1 or 0
  };

  // spike: 1 or 0; window [whole steps]. Products of zeros and ones stand for "and": loops of it stay on vector
  // registers.
  SW_HD Kinds split(Real window, Real spike) {
    const Real fires = spike > Real(0) ? Real(1) : Real(0);
    const Real near = recent > Real(0) ? Real(1) : Real(0);
    const Real event = fires * (Real(1) - near);
    const Real burst = fires * near * is_open;
    is_open = spike > Real(0) ? event : is_open;
    recent = spike > Real(0) ? window : recent - near;
    return {event, burst};
  }
};

}  // namespace spikeweave
